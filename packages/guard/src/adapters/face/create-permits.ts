import {
  createPermissions,
  createPermit,
  type Permissions,
  type PermitOptions,
  type PermitRule,
  type RuleOfRequest,
} from '../../authz/internal.ts';
import {
  isAuthError,
  OptionsError,
  type Principal,
  type TokenVerifier,
  type Verifier,
} from '../../core/index.ts';
import { isThenable, ofEach, partsOf, settle } from '../../core/internal.ts';
import type { Decide, Engine, Permits } from '../engine/internal.ts';
import { createTenantPermissions, type TenantPermissions } from './tenant-permissions.ts';

/** What the functions of a permit are called with. */
interface Asked {
  readonly request: unknown;
  readonly more: readonly unknown[];
}
type AppFunction = (request: unknown, principal: Principal, ...more: readonly unknown[]) => never;

type Asking<Incoming> = Pick<
  Engine<Incoming, never>,
  'verifier' | 'verifierOf' | 'tenants' | 'clientSettings' | 'factory' | 'logOf' | 'toAsked' | 'refuse'
>;

/** Guards by permission, with the client of the adapter unless the settings name another one. */
export function createPermits<Incoming>(engine: Asking<Incoming>): Permits<Incoming> {
  const { verifier, verifierOf, tenants, clientSettings, factory, logOf, toAsked } = engine;
  let permissions: Permissions | undefined;
  let ofTenants: TenantPermissions | undefined;

  function opened(): Permissions {
    if (permissions !== undefined) return permissions;
    throw new Error(
      `${factory}: a permission is required, but permissions were not turned on before: call kc.permissions(), or set the option permissions: {}`,
    );
  }

  /**
   * What decides with the permissions of a request's realm.
   *
   * @param make throws for a wrong rule: here, and not at the first request
   */
  function perRealm<T extends object>(
    make: (permissions: Permissions) => T,
  ): [T, (request: Incoming) => T | Promise<T>] {
    const one = opened();
    const all = ofTenants;
    if (all === undefined) {
      const made = make(one);
      return [made, () => made];
    }
    const madeFor = ofEach((realm: Verifier<object>) => make(all.of(realm)));
    const ofNobody = make(all.nobody);
    return [
      ofNobody,
      (request) => {
        // By issuer, a request without a token is of no realm.
        const take = ({ members: [realm] }: TokenVerifier) =>
          realm === undefined ? ofNobody : madeFor(realm as Verifier<object>);
        return then(verifierOf(request), take);
      },
    ];
  }

  function telling(decide: Decide<Incoming>): Decide<Incoming> {
    return (request, principal, ...more) => {
      const refuse = (error: unknown): never => {
        // A mistake in the guard or in the set-up of the client: the answer does not say which.
        if (isAuthError(error) && error.statusCode === 500)
          logOf(request).error({ err: error }, error.reason);
        return engine.refuse(request, error, principal);
      };
      return settle(
        () => decide(request, principal, ...more),
        () => {},
        refuse,
      );
    };
  }

  return {
    opened,
    open(settings = {}) {
      if (permissions !== undefined) throw new Error(`${factory}: permissions were turned on before`);
      if (tenants !== undefined) {
        ofTenants = createTenantPermissions(factory, tenants, settings);
        permissions = ofTenants.permissions;
      } else if ('permissions' in settings) permissions = settings.permissions;
      else {
        const one = toOneRealm(factory, verifier);
        const { timeoutMs } = clientSettings();
        permissions = createPermissions({
          ...{ fetch: partsOf(one)?.fetch, timeoutMs },
          ...(settings as object),
          verifier: one,
        });
      }
      return permissions;
    },
    permit(rule, { owner, claims, ...rest } = {}) {
      const [{ asked, status }, permitOf] = perRealm((own) =>
        createPermit<Asked>(own, ofAsked(rule) as PermitRule | RuleOfRequest<Asked>, {
          ...rest,
          owner: ofAsked(owner) as PermitOptions<Asked>['owner'],
          claims: ofAsked(claims) as PermitOptions<Asked>['claims'],
        }),
      );
      const decide = telling((request, principal, ...more) =>
        then(permitOf(request), (one) => one.decide({ request: toAsked(request), more }, principal)),
      );
      return Object.assign(decide, { asked, status });
    },
  };
}

function then<T, R>(found: T | Promise<T>, act: (value: T) => R | Promise<R>): R | Promise<R> {
  return isThenable(found) ? (found as Promise<T>).then(act) : act(found as T);
}

/** Leaves everything but a function as it is. */
function ofAsked(given: unknown): unknown {
  if (typeof given !== 'function') return given;
  return ({ request, more }: Asked, principal: Principal) =>
    (given as AppFunction)(request, principal, ...more);
}

/** @throws {OptionsError} for several realms: the verifier does not say which of them to ask */
function toOneRealm(factory: string, { members: [member, ...others] }: TokenVerifier): Verifier<object> {
  if (member !== undefined && others.length === 0) return member as Verifier<object>;
  const rule = 'must be given where the verifier is of several realms';
  const example = 'createPermissions({ verifier, clientSecret })';
  throw new OptionsError(factory, [{ option: 'permissions', rule, example }]);
}
