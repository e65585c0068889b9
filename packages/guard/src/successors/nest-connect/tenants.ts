import { createDoor } from '../../adapters/face/internal.ts';
import { type Call, sourceOf } from '../../adapters/nest/internal.ts';
import { createPermissions, type Permissions } from '../../authz/internal.ts';
import {
  AuthError,
  type Principal,
  type Requirements,
  toGuard,
  type Verifier,
  type VerifierOptions,
} from '../../core/index.ts';
import {
  createBoundedCache,
  getOrMake,
  type Log,
  makerOf,
  ofEach,
  partsOf,
  VERIFIER_RULES,
} from '../../core/internal.ts';
import type { TenantSettings } from '../../tenants/index.ts';
import { toTenantOptions } from './multi-tenant.ts';
import type { Settings } from './settings.ts';

/** The realm of a caller. */
export interface Tenant {
  readonly clientId: string;
  /** @throws {AuthError} */
  assertMeets(principal: Principal, requirements: Requirements): void;
  /**
   * Asks Keycloak's authorization services about the resources of a client, by default this one.
   *
   * @throws {AuthError} without that client's secret: asked by name, Keycloak may decide on a resource that the caller owns
   */
  permissionsOf(clientId?: string, clientSecret?: string): Permissions;
}

const MOST_REALMS = 5_000;

/** One realm, or many. */
export type Tenants = ReturnType<typeof createTenants>;

/** @throws {OptionsError} */
export function createTenants({ verifier: common, multiTenant }: Settings, log: Log) {
  const isMany = typeof multiTenant?.realmResolver === 'function';
  const realmOf = new WeakMap<Call, string>();
  /** As the resolvers have named them last. */
  const settingsOf = createBoundedCache<TenantSettings>(MOST_REALMS);
  const { realm: _, ...shared } = common;
  const directory = {
    of: ({ request }: { readonly request: Call }) => realmOf.get(request),
    get: (realm: string) => settingsOf.get(realm),
  };
  const options = { ...shared, tenants: directory };
  const door = createDoor<Call, Call>(
    { ...((isMany ? options : common) as VerifierOptions), log },
    {
      factory: 'KeycloakConnectModule',
      toRequest: ({ credentials }) => credentials,
      toWire: (call) => call.toWire(),
      addToAnswer: (outgoing, extra) => outgoing.addToAnswer(extra),
    },
  );
  const tenantOf = ofEach((verifier: Verifier<object>) => toTenant(verifier, log));

  return {
    door,
    /** Finds out which realm a call is for, before the door decides about it. @throws {AuthError} rejects if it is for none */
    async resolve(call: Call): Promise<void> {
      if (!isMany) return;
      const source = call.request ?? (call.context && sourceOf(call.context));
      const realm: unknown = await multiTenant.realmResolver(source);
      if (typeof realm !== 'string' || !VERIFIER_RULES.realm.isMet(realm)) {
        throw new AuthError('token_issuer', 'The request belongs to no realm: the resolver names none');
      }
      const settings = await toTenantOptions({ verifier: common, multiTenant }, realm, source);
      const { serverUrl, clientId, clientSecret } = settings;
      // The secret of all is sent to their server alone.
      const own = clientSecret === common.clientSecret ? undefined : clientSecret;
      settingsOf.set(realm, { realm, serverUrl, clientId, clientSecret: own });
      realmOf.set(call, realm);
    },
    /** The realm of a caller. */
    of: (principal: Principal): Tenant => tenantOf(makerOf(principal) as Verifier<object>),
  };
}

function toTenant(verifier: Verifier<object>, log: Log): Tenant {
  const permissions = new Map<string, Permissions>();
  const { clientId: own } = verifier;
  const guardOf = ofEach((requirements: Requirements) => toGuard(requirements, own));
  const parts = partsOf(verifier);
  return {
    clientId: own,
    assertMeets: (principal, requirements) => guardOf(requirements)(principal),
    permissionsOf: (clientId = own, clientSecret = undefined) =>
      getOrMake(permissions, clientId, () => {
        const isProved =
          clientSecret !== undefined || (clientId === own && parts?.credential.kind !== 'none');
        if (isProved) {
          const { fetch, timeoutMs } = parts ?? {};
          return createPermissions({ verifier, clientId, clientSecret, fetch, timeoutMs });
        }
        const name = clientId === own ? 'secret' : 'resource_server_secret';
        const reason = `Questions about resources of ${clientId} need its secret: set ${name}`;
        log.error({}, reason);
        throw new AuthError('provider_misconfigured', reason);
      }),
  };
}
