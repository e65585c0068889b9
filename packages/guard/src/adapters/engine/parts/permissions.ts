import {
  createPermissions,
  createPermit,
  engineOf,
  type Permissions,
  type PermissionsOptions,
  type Permit,
  type PermitOptions,
  type PermitRule,
  type RuleOfRequest,
} from '../../../authz/internal.ts';
import {
  AuthError,
  OptionsError,
  type Principal,
  type TokenVerifier,
  type Verifier,
} from '../../../core/index.ts';
import { getOrMake, makerOf, ofEach, partsOf } from '../../../core/internal.ts';
import type { Tenants } from '../../../tenants/internal.ts';

/** The arguments of the application's functions. */
interface AppRequest {
  readonly request: unknown;
  readonly more: readonly unknown[];
}
type AppFunction = (request: unknown, principal: Principal, ...more: readonly unknown[]) => never;

/** The permit of a request's realm. Without tenants, there is one realm. */
export type PermitOf = (realm: TokenVerifier | undefined) => Permit<AppRequest>;

/** Permissions that are loaded. */
export interface OpenPermissions {
  readonly permissions: Permissions;
  /** @param rule with its options, it was checked before */
  toPermit(rule: PermitRule, options: PermitOptions<unknown>): PermitOf;
}

/** @param permissions of one realm */
export function ofRealm(permissions: Permissions): OpenPermissions {
  const made = engineOf(permissions).permissions;
  return {
    permissions: made,
    toPermit(rule, options) {
      const permit = toPermit(made, rule, options);
      return () => permit;
    },
  };
}

/**
 * Permissions of tenants: of each its own, asked of its realm and remembered apart.
 *
 * @param forNobody options of permissions that ask nobody
 */
export function ofTenants(
  factory: string,
  { verifier: all, current, isAtHome }: Pick<Tenants<never>, 'verifier' | 'current' | 'isAtHome'>,
  settings: Omit<PermissionsOptions, 'verifier'>,
  forNobody: PermissionsOptions,
): OpenPermissions {
  const made = new WeakMap<object, Permissions>();
  const isProved = (settings.clientSecret ?? settings.credential) !== undefined;
  const nobody = createPermissions(forNobody);
  /** @throws {OptionsError} if the settings have a credential, and the tenant is on another server */
  const of = (verifier: Verifier<object>) =>
    getOrMake(made, verifier, () => {
      if (isProved && !isAtHome(verifier)) throw new OptionsError(factory, [OF_ANOTHER_SERVER]);
      const { fetch, timeoutMs } = partsOf(verifier) ?? {};
      return createPermissions({ fetch, timeoutMs, ...settings, verifier });
    });
  return {
    permissions: toPermissionsOfAll(nobody.clientId, all, made, async (who) => {
      const maker = typeof who === 'string' ? undefined : makerOf(who);
      if (maker !== undefined) return of(await current(maker));
      const reason = 'Where there are tenants, permissions are asked for a principal that a guard found';
      throw new AuthError('provider_misconfigured', reason);
    }),
    toPermit(rule, options) {
      const permitFor = ofEach((realm: Verifier<object>) => toPermit(of(realm), rule, options));
      const ofNobody = toPermit(nobody, rule, options);
      // By issuer, a request without a token is of no realm.
      return (verifier) => {
        const [realm] = verifier?.members ?? [];
        return realm === undefined ? ofNobody : permitFor(realm as Verifier<object>);
      };
    },
  };
}

/** @param of rejects for whom no realm is known */
function toPermissionsOfAll(
  clientId: string,
  all: TokenVerifier<object>,
  made: WeakMap<object, Permissions>,
  of: (who: string | Principal<object>) => Promise<Permissions>,
): Permissions {
  return {
    clientId,
    check: async (who, ...more) => (await of(who)).check(who, ...more),
    has: async (who, ...more) => (await of(who)).has(who, ...more),
    list: async (who, ...more) => (await of(who)).list(who, ...more),
    async assertKnown(more) {
      for (const member of all.members) await made.get(member)?.assertKnown(more);
    },
  };
}

function toPermit(
  permissions: Permissions,
  rule: PermitRule,
  { owner, claims, ...rest }: PermitOptions<unknown>,
): Permit<AppRequest> {
  return createPermit<AppRequest>(
    permissions,
    forAppRequest(rule) as PermitRule | RuleOfRequest<AppRequest>,
    {
      ...rest,
      owner: forAppRequest(owner) as PermitOptions<AppRequest>['owner'],
      claims: forAppRequest(claims) as PermitOptions<AppRequest>['claims'],
    },
  );
}

/** Leaves everything but a function as it is. */
function forAppRequest(value: unknown): unknown {
  if (typeof value !== 'function') return value;
  return ({ request, more }: AppRequest, principal: Principal) =>
    (value as AppFunction)(request, principal, ...more);
}

const OF_ANOTHER_SERVER = {
  option: 'credential',
  rule: 'is not sent to a tenant with a serverUrl of another origin: leave it out, and each asks by its own',
  example: '{ permissionSeconds: 30 }',
};
