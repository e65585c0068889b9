import { OptionsError, type Principal } from '../../core/index.ts';
import { fillOptions, loadPart, type OptionRules, optionRules, partsOf } from '../../core/internal.ts';
import { LOGIN_LIMIT_RULES } from '../../limits/options.ts';
import type { LoginLimitSettings, LoginLimitsHost } from './parts/login-limits.ts';

const RULES = {
  ...LOGIN_LIMIT_RULES,
  username: optionRules.callable('({ body }) => body?.username'),
  address: optionRules.callable("(request) => request.headers.get('x-real-ip') ?? undefined"),
} satisfies OptionRules<LoginLimitSettings<unknown>>;

/**
 * In the place of a guard: lets through who is within the limits.
 *
 * @param principalOf what an earlier guard has found stays
 * @throws {OptionsError} naming every option that is wrong or unknown
 */
export function createLoginGuard<Incoming, Outgoing>(
  engine: LoginLimitsHost<Incoming, Outgoing>,
  settings: LoginLimitSettings<never> = {},
  principalOf: (request: Incoming) => Principal | null | undefined = () => null,
) {
  const filled = fillOptions('loginLimits', settings, RULES);
  const { addressOf, tenants, verifier } = engine;
  if (filled.address === undefined && addressOf === undefined) {
    const rule = 'must be a function of the request: requests of the Fetch standard do not tell it';
    throw new OptionsError('loginLimits', [{ option: 'address', ...RULES.address, rule }]);
  }
  const realm: object | undefined = tenants?.nobody ?? verifier.members[0];
  const [secret = verifier.clientId] = (realm && partsOf(realm)?.credential.secrets()) ?? [];
  const part = loadPart(async () =>
    (await import('./parts/login-limits.ts')).openLoginLimits(engine, filled, secret, principalOf),
  );
  return {
    decide: async (request: Incoming, outgoing: Outgoing) => (await part.loading).decide(request, outgoing),
  };
}
