import type { ConnectionGuard, Door } from '../../adapters/engine/internal.ts';
import { createDoor } from '../../adapters/face/internal.ts';
import {
  type Call,
  type CallReader,
  createGatewayConnections,
  type GatewayConnections,
} from '../../adapters/nest/internal.ts';
import { createPermissions, type Permissions } from '../../authz/internal.ts';
import {
  AuthError,
  type Guard,
  OptionsError,
  type Principal,
  type Requirements,
  toGuard,
  type Verifier,
  type VerifierOptions,
} from '../../core/index.ts';
import { type Gate, getOrMake, type Log } from '../../core/internal.ts';
import type { Settings } from './settings.ts';
import { toTenantOptions } from './tenant-options.ts';
import { createTenantPool, type Pooled } from './tenant-pool.ts';

/** One realm with its own verifier, caches and secrets: tenants share nothing. */
export interface Tenant extends Pooled {
  readonly door: Door<Call, Call>;
  /** Admits every caller with a valid token. */
  readonly signedIn: Gate<Call, Call>;
  readonly gateways: Pick<GatewayConnections, 'follow'>;
  /** Opens connections of callers with a valid token. */
  readonly connections: ConnectionGuard<Call>;
  /** @throws {AuthError} */
  assertMeets(principal: Principal, requirements: Requirements): void;
  /**
   * Asks Keycloak's authorization services about the resources of a client, by default this one.
   *
   * @throws {AuthError} without that client's secret: asked by name, Keycloak may decide on a resource that the caller owns
   */
  permissionsOf(clientId?: string, clientSecret?: string): Permissions;
}

export interface Tenants {
  /** @throws {AuthError} (or rejects with one) if the request belongs to no tenant */
  find(call: Call): Tenant | Promise<Tenant>;
  /** The tenant admitted a caller. */
  keep(tenant: Tenant): void;
  load(): void;
  close(): Promise<void>;
}

/** @throws {OptionsError} */
export function createTenants(
  { verifier: common, multiTenant }: Settings,
  log: Log,
  reader: CallReader,
): Tenants {
  if (multiTenant === undefined || typeof multiTenant.realmResolver !== 'function') {
    const only = createTenant(common as VerifierOptions, log, reader);
    return { find: () => only, keep() {}, load: () => only.door.load(), close: only.close };
  }
  const { realmResolver } = multiTenant;
  const pool = createTenantPool<Tenant>();

  function openTenant(key: string, options: VerifierOptions): Tenant {
    const tenant = createTenant(options, log, reader, key);
    pool.add(tenant);
    tenant.door.load();
    return tenant;
  }

  return {
    async find({ request, carrier }) {
      const source = request ?? carrier;
      const realm = await realmResolver(source);
      if (typeof realm !== 'string' || realm === '') throw noTenant('the resolver names no realm');
      const options = (await toTenantOptions(
        { verifier: common, multiTenant },
        realm,
        source,
      )) as VerifierOptions;
      const key = JSON.stringify([options.serverUrl, realm, options.clientId, options.clientSecret]);
      try {
        return pool.find(key) ?? openTenant(key, options);
      } catch (error) {
        if (!(error instanceof OptionsError)) throw error;
        log.warn({ code: 'tenant_refused' }, error.message);
        throw noTenant('its options are wrong');
      }
    },
    keep: pool.keep,
    load() {},
    close: pool.close,
  };
}

function noTenant(why: string): AuthError {
  return new AuthError('token_issuer', `The request belongs to no realm: ${why}`);
}

function createTenant(
  options: VerifierOptions,
  log: Log,
  { handshakes, toCall }: CallReader,
  key = '',
): Tenant {
  const door = createDoor<Call, Call>(
    { ...options, log },
    {
      factory: 'KeycloakConnectModule',
      toRequest: ({ credentials }) => credentials,
      toWire: (call) => call.toWire(),
      addToAnswer: (outgoing, extra) => outgoing.addToAnswer(extra),
    },
  );
  const guards = new WeakMap<Requirements, Guard>();
  const permissions = new Map<string, Permissions>();
  const own = door.verifier.clientId;
  return {
    key,
    isIdle: () => door.connections.size === 0,
    close: () => door.close(),
    door,
    signedIn: door.gate({}),
    connections: door.connections.guard({}),
    gateways: createGatewayConnections(door, handshakes, toCall, log),
    assertMeets(principal, requirements) {
      getOrMake(guards, requirements, () => toGuard(requirements, own))(principal);
    },
    permissionsOf(clientId = own, given) {
      const known = permissions.get(clientId);
      if (known !== undefined) return known;
      const clientSecret = given ?? (clientId === own ? options.clientSecret : undefined);
      const [verifier] = door.verifier.members as Verifier<object>[];
      if (clientSecret === undefined || verifier === undefined) {
        const name = clientId === own ? 'secret' : 'resource_server_secret';
        const reason = `Questions about resources of ${clientId} need its secret: set ${name}`;
        log.error({}, reason);
        throw new AuthError('provider_misconfigured', reason);
      }
      const { fetch, timeoutMs } = options;
      const made = createPermissions({ verifier, clientId, clientSecret, fetch, timeoutMs });
      permissions.set(clientId, made);
      return made;
    },
  };
}
