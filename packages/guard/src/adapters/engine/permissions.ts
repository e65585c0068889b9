import {
  credentialOf,
  describePermit,
  type PermissionsOptions,
  type PermitOptions,
  type PermitRule,
  planPermissions,
  type RuleOfRequest,
  readPermit,
  resolvePermissionsOptions,
} from '../../authz/asking/options.ts';
import type { Permissions, Permit } from '../../authz/internal.ts';
import {
  isAuthError,
  type Log,
  OptionsError,
  type Principal,
  type TokenVerifier,
  type Verifier,
} from '../../core/index.ts';
import {
  loadPart,
  type Part,
  partOf,
  partsOf,
  type RequestGuard,
  settle,
  then,
} from '../../core/internal.ts';
import { lateMembers } from './late.ts';
import type { PermissionSettings } from './options.ts';
import type { OpenPermissions, PermitOf } from './parts/permissions.ts';
import type { PartHost } from './realms.ts';

/**
 * Decides on the principal that a guard has found: at once if the answers are in memory.
 *
 * @param more further arguments for the application's functions
 * @throws {AuthError} or rejects with one: a refusal
 */
export type Decide<Incoming> = (
  request: Incoming,
  principal: Principal | null | undefined,
  ...more: readonly unknown[]
) => void | Promise<void>;

/** Guards by permission, of an adapter. */
export type Permits<Incoming> = ReturnType<typeof createPermits<Incoming>>;

/** The members of an engine that permissions need. */
interface PermissionsHost<Incoming> extends PartHost<Incoming> {
  readonly factory: string;
  logOf(request: Incoming): Pick<Log, 'error'>;
  toAppRequest(request: Incoming): unknown;
  refuse(request: Incoming, error: unknown, principal?: Principal | null): never;
}

/** Guards by permission, with the client of the adapter unless the settings name another one. */
export function createPermits<Incoming>(host: PermissionsHost<Incoming>) {
  let open: { readonly permissions: Permissions; readonly part: Part<OpenPermissions> } | undefined;

  function opened() {
    if (open !== undefined) return open;
    throw new Error(
      `${host.factory}: a permission is required, but permissions were not turned on before: call kc.permissions(), or set the option permissions: {}`,
    );
  }

  function refuseBy(decide: Decide<Incoming>): Decide<Incoming> {
    return (request, principal, ...more) => {
      const refuse = (error: unknown): never => {
        // A mistake in the guard or in the set-up of the client: the answer does not say which.
        if (isAuthError(error) && error.statusCode === 500)
          host.logOf(request).error({ err: error }, error.reason);
        return host.refuse(request, error, principal);
      };
      return settle(
        () => decide(request, principal, ...more),
        () => {},
        refuse,
      );
    };
  }

  return {
    /** @throws {Error} before `open` */
    opened: () => opened().permissions,
    /** Turns permissions on, once. @throws {OptionsError} */
    open(settings: PermissionSettings = {}): Permissions {
      if (open !== undefined) throw new Error(`${host.factory}: permissions were turned on before`);
      open = openPermissions(host, settings);
      return open.permissions;
    },
    /** @throws {OptionsError} for a wrong rule or option; {Error} before `open` */
    permit<AppRequest>(
      rule: PermitRule | RuleOfRequest<AppRequest>,
      options: PermitOptions<AppRequest> = {},
    ): Decide<Incoming> & Pick<Permit<unknown>, 'permissions' | 'status'> {
      const { part } = opened();
      const description = describePermit(options, readPermit(rule, options));
      let permitOf: PermitOf | undefined;
      const make = ({ toPermit }: OpenPermissions): PermitOf => {
        permitOf ??= toPermit(rule as PermitRule, options as PermitOptions<unknown>);
        return permitOf;
      };
      // Not at the first request: `assertKnown` looks up the permissions of all permits.
      Promise.resolve(then(partOf(part), make)).catch(() => {});
      const decide = refuseBy((request, principal, ...more) => {
        const arguments_ = { request: host.toAppRequest(request), more };
        if (host.tenants === undefined && permitOf !== undefined)
          return permitOf(undefined).decide(arguments_, principal);
        const realmOf = () => (host.tenants === undefined ? undefined : host.verifierOf(request));
        return then(partOf(part), (loaded) =>
          then(realmOf(), (realm) => make(loaded)(realm).decide(arguments_, principal)),
        );
      });
      return Object.assign(decide, description);
    },
  };
}

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
function openPermissions<Incoming>(
  { factory, verifier, tenants }: PermissionsHost<Incoming>,
  settings: PermissionSettings,
): { readonly permissions: Permissions; readonly part: Part<OpenPermissions> } {
  const load = () => import('./parts/permissions.ts');
  if (tenants !== undefined) {
    const isProved = (settings.clientSecret ?? settings.credential) !== undefined;
    const placeholder = isProved ? {} : { clientSecret: 'none' };
    // Its `fetch` calls nobody.
    const { fetch } = partsOf(tenants.nobody) ?? {};
    const forNobody = { ...settings, ...placeholder, fetch, verifier: tenants.nobody };
    assertOptions(forNobody);
    const part = loadPart(async () => (await load()).ofTenants(factory, tenants, settings, forNobody));
    return { permissions: whenLoaded(settings.clientId ?? tenants.nobody.clientId, part), part };
  }
  const realm = toOneRealm(factory, verifier);
  const { fetch, timeoutMs } = partsOf(realm) ?? {};
  const options = { fetch, timeoutMs, ...settings, verifier: realm };
  assertOptions(options);
  const part = loadPart(async () => (await load()).ofRealm(permissions));
  const permissions = whenLoaded(settings.clientId ?? realm.clientId, part);
  planPermissions(permissions, options);
  return { permissions, part };
}

/** @throws {OptionsError} */
function assertOptions(options: PermissionsOptions): void {
  credentialOf(resolvePermissionsOptions(options));
}

/** @throws {OptionsError} for several realms: the verifier does not say which of them to ask */
function toOneRealm(factory: string, { members: [member, ...others] }: TokenVerifier): Verifier<object> {
  if (member !== undefined && others.length === 0) return member as Verifier<object>;
  const rule =
    'must be of one realm where permissions are asked for: use createPermissions for each of several';
  throw new OptionsError(factory, [{ option: 'verifier', rule, example: 'createVerifier(…)' }]);
}

function whenLoaded(clientId: string, { loading }: Part<OpenPermissions>): Permissions {
  const load = async () => (await loading).permissions;
  return { clientId, ...lateMembers(load, 'check', 'has', 'list', 'assertKnown') };
}

/** A permit in the place of a guard: the principal found before passes if Keycloak permits it. */
export function toPermitGuard<Incoming>(
  decide: Decide<Incoming>,
  principalOf: (request: Incoming) => Principal | null | undefined,
): Pick<RequestGuard<Incoming, unknown>, 'decide'> {
  return {
    decide(request) {
      const principal = principalOf(request) ?? null;
      const decided = decide(request, principal);
      return decided === undefined ? principal : decided.then(() => principal);
    },
  };
}
