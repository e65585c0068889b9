import {
  createPermissions,
  createPermit,
  type Permissions,
  type PermitOptions,
  type PermitRule,
  type RuleOfRequest,
} from '../../authz/internal.ts';
import {
  AuthError,
  isAuthError,
  OptionsError,
  type Principal,
  type TokenVerifier,
  type Verifier,
} from '../../core/index.ts';
import { getOrMake, isThenable, makerOf, ofEach, partsOf, settle } from '../../core/internal.ts';
import type { Tenants } from '../../tenants/internal.ts';
import type { Decide, Engine, PermissionSettings, Permits } from '../engine/internal.ts';

/** Permissions of tenants: of each its own, asked of its realm and remembered apart. */
export interface TenantPermissions {
  /** Ask no one: for the check of rules at start. */
  readonly nobody: Permissions;
  /** @throws {OptionsError} if the settings have a credential, and the tenant is on another server */
  of(verifier: Verifier<object>): Permissions;
  /** Those of the realm that a principal is of. */
  readonly permissions: Permissions;
}

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
function createTenantPermissions(
  factory: string,
  {
    nobody: template,
    verifier: all,
    current,
    isAtHome,
  }: Pick<Tenants<never>, 'nobody' | 'verifier' | 'current' | 'isAtHome'>,
  settings: PermissionSettings,
): TenantPermissions {
  if ('permissions' in settings) {
    const rule = 'are of one realm: leave them out, and each tenant has its own';
    throw new OptionsError(factory, [{ option: 'permissions', rule, example: '{ permissionSeconds: 30 }' }]);
  }
  const made = new WeakMap<object, Permissions>();
  const isProved = settings.clientSecret !== undefined || settings.credential !== undefined;
  const of = (verifier: Verifier<object>) =>
    getOrMake(made, verifier, () => {
      if (isProved && !isAtHome(verifier)) throw new OptionsError(factory, [OF_ANOTHER_SERVER]);
      const { fetch, timeoutMs } = partsOf(verifier) ?? {};
      return createPermissions({ fetch, timeoutMs, ...settings, verifier });
    });
  const placeholder = isProved ? {} : { clientSecret: 'none' };
  // Its `fetch` calls nobody.
  const { fetch: refuse } = partsOf(template) ?? {};
  const nobody = createPermissions({ ...settings, ...placeholder, fetch: refuse, verifier: template });
  const known = () => all.members.flatMap((member) => made.get(member) ?? []);
  const sum = (count: (one: Permissions) => number) => known().reduce((total, one) => total + count(one), 0);

  /** @throws {AuthError} rejects with one */
  async function ofWho(who: string | Principal<object>): Promise<Permissions> {
    const maker = typeof who === 'string' ? undefined : makerOf(who);
    if (maker !== undefined) return of(await current(maker));
    const reason = 'Where there are tenants, permissions are asked for a principal that a guard found';
    throw new AuthError('provider_misconfigured', reason);
  }

  return {
    nobody,
    of,
    permissions: {
      clientId: nobody.clientId,
      stats: {
        get cacheHits() {
          return sum(({ stats }) => stats.cacheHits);
        },
        get questions() {
          return sum(({ stats }) => stats.questions);
        },
        get byToken() {
          return sum(({ stats }) => stats.byToken);
        },
      },
      get cachedAnswers() {
        return sum(({ cachedAnswers }) => cachedAnswers);
      },
      check: async (who, ...more) => (await ofWho(who)).check(who, ...more),
      has: async (who, ...more) => (await ofWho(who)).has(who, ...more),
      list: async (who, ...more) => (await ofWho(who)).list(who, ...more),
      async assertKnown(more) {
        for (const one of known()) await one.assertKnown(more);
      },
    },
  };
}

const OF_ANOTHER_SERVER = {
  option: 'credential',
  rule: 'is not sent to a tenant with a serverUrl of another origin: leave it out, and each asks by its own',
  example: '{ permissionSeconds: 30 }',
};

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
      const [{ permissions: asked, status }, permitOf] = perRealm((own) =>
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
