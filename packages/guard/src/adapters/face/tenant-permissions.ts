import { createPermissions, type Permissions } from '../../authz/internal.ts';
import { AuthError, OptionsError, type Principal, type Verifier } from '../../core/index.ts';
import { getOrMake, makerOf, partsOf } from '../../core/internal.ts';
import type { Tenants } from '../../tenants/internal.ts';
import type { PermissionSettings } from '../engine/internal.ts';

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
export function createTenantPermissions(
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
