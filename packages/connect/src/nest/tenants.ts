import {
  AuthError,
  type Log,
  type Principal,
  type Requirements,
  toGuard,
  type Verifier,
  type VerifierOptions,
} from 'keycloak-guard';
import {
  createBoundedCache,
  createPermissions,
  getOrMake,
  makerOf,
  ofEach,
  type Permissions,
  partsOf,
  VERIFIER_RULES,
} from 'keycloak-guard/unstable/connect';
import { type Call, createEngine, sourceOf, type TenantSettings } from 'keycloak-guard/unstable/nest';
import { Keycloak } from '../index.ts';
import type { KeycloakConnectConfig, Settings } from './options.ts';

/** Bounds the instances in memory, as the tenants of the guards are bounded. */
const MOST_INSTANCES = 100;

/**
 * The `Keycloak` of each realm, for code of the application. The guards do not use it.
 *
 * @example
 * const managerOf = async (tenants: KeycloakMultiTenantService) => (await tenants.get('my-realm')).grantManager;
 */
export class KeycloakMultiTenantService {
  readonly #settings: Settings;
  #instances = createBoundedCache<Keycloak>(MOST_INSTANCES);

  /** `KeycloakConnectModule` makes it. */
  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Forgets every instance. */
  clear(): void {
    this.#instances = createBoundedCache(MOST_INSTANCES);
  }

  /** The instance of a realm. @throws {Error} rejects without `multiTenant` in the settings, or for a wrong setting */
  async get(realm: string, request?: unknown): Promise<Keycloak> {
    const options = await this.#resolve(realm, request);
    const { serverUrl, clientId, clientSecret } = options;
    const key = JSON.stringify([serverUrl, realm, clientId, clientSecret]);
    return getOrMake(this.#instances, key, () => toKeycloak(options));
  }

  /** Keycloak's address for a realm. */
  async resolveAuthServerUrl(realm: string, request?: unknown): Promise<string | undefined> {
    return (await this.#resolve(realm, request)).serverUrl;
  }

  /** The client id for a realm. */
  async resolveClientId(realm: string, request?: unknown): Promise<string | undefined> {
    return (await this.#resolve(realm, request)).clientId;
  }

  /** The secret of the client for a realm. */
  async resolveSecret(realm: string, request?: unknown): Promise<string | undefined> {
    return (await this.#resolve(realm, request)).clientSecret;
  }

  async #resolve(realm: string, request: unknown): Promise<Partial<VerifierOptions>> {
    if (this.#settings.multiTenant === undefined) throw new Error('The settings have no multiTenant');
    return toTenantOptions(this.#settings, realm, request);
  }
}

/** A `Keycloak` without sessions. It makes its engine at first use. @throws {OptionsError} */
function toKeycloak({
  serverUrl,
  realm,
  clientId,
  clientSecret,
  tokenCheck,
}: Partial<VerifierOptions>): Keycloak {
  const credentials = clientSecret === undefined ? {} : { credentials: { secret: clientSecret } };
  return new Keycloak(
    { tokenCheck },
    { realm, resource: clientId, 'auth-server-url': serverUrl, 'bearer-only': true, ...credentials },
  );
}

/** The options of one realm: what the resolvers name, or else the settings. */
async function toTenantOptions(
  { verifier, multiTenant }: Pick<Settings, 'verifier' | 'multiTenant'>,
  realm: string,
  request: unknown,
): Promise<Partial<VerifierOptions>> {
  const { realmSecretResolver, realmAuthServerUrlResolver, realmClientIdResolver } = multiTenant ?? {};
  return {
    ...verifier,
    realm,
    clientSecret: (await realmSecretResolver?.(realm, request)) ?? verifier.clientSecret,
    serverUrl: (await realmAuthServerUrlResolver?.(realm, request)) ?? verifier.serverUrl,
    clientId: (await realmClientIdResolver?.(realm, request)) ?? verifier.clientId,
  } as Partial<VerifierOptions>;
}

/** The values that guards and services of an application inject by nest-keycloak-connect's tokens. */
export interface ForApplication {
  /** `null` if only resolvers name realm, address or client. */
  readonly instance: Keycloak | null;
  /** The settings, without the secret. */
  readonly options: Readonly<KeycloakConnectConfig>;
  readonly multiTenant: KeycloakMultiTenantService;
}

export function createForApplication(settings: Settings): ForApplication {
  const { verifier, withoutSecret } = settings;
  return {
    instance: isComplete(verifier) ? toKeycloak(verifier) : null,
    options: withoutSecret,
    multiTenant: new KeycloakMultiTenantService(settings),
  };
}

const isComplete = ({ realm, serverUrl, clientId }: Settings['verifier']): boolean =>
  [realm, serverUrl, clientId].every(Boolean);

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
  const nameOf = new WeakMap<Call, string>();
  /** By the name of the tenant, which stands for one client of one realm on one server. */
  const settingsOf = createBoundedCache<TenantSettings>(MOST_REALMS);
  const { realm: _, ...shared } = common;
  const directory = {
    of: ({ request }: { readonly request: Call }) => nameOf.get(request),
    get: (name: string) => settingsOf.get(name),
  };
  const options = { ...shared, tenants: directory };
  const engine = createEngine<Call, Call>(
    { ...((isMany ? options : common) as VerifierOptions), log },
    {
      factory: 'KeycloakConnectModule',
      toRequest: ({ credentials }) => credentials,
      toSessionRequest: (call) => call.toSessionRequest(),
      addToAnswer: (outgoing, extra) => outgoing.addToAnswer(extra),
    },
  );
  const tenantOf = ofEach((verifier: Verifier<object>) => toTenant(verifier, log));

  return {
    engine,
    /** Finds out which realm a call is for, before the engine decides about it. @throws {AuthError} rejects if it is for none */
    async resolve(call: Call): Promise<void> {
      if (!isMany) return;
      const source = call.request ?? (call.context && sourceOf(call.context));
      const realm: unknown = await multiTenant.realmResolver(source);
      if (typeof realm !== 'string' || !VERIFIER_RULES.realm.accepts(realm))
        throw new AuthError('token_issuer', 'The request belongs to no realm: the resolver names none');
      const settings = await toTenantOptions({ verifier: common, multiTenant }, realm, source);
      const { serverUrl, clientId, clientSecret } = settings;
      // The secret of all is sent to their server alone.
      const own = clientSecret === common.clientSecret ? undefined : clientSecret;
      // Realms of one name may be on several servers. No realm has a slash in its name, and each address has.
      const isOfAll = serverUrl === common.serverUrl && clientId === common.clientId;
      const name = isOfAll ? realm : JSON.stringify([serverUrl, realm, clientId]);
      settingsOf.set(name, { realm, serverUrl, clientId, clientSecret: own });
      nameOf.set(call, name);
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
