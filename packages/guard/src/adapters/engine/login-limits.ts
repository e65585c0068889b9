import { AuthError, OptionsError, type Principal } from '../../core/index.ts';
import { fillOptions, type OptionRules, optionRules, partsOf } from '../../core/internal.ts';
import type { RateLimitState } from '../../limits/index.ts';
import { LOGIN_LIMIT_RULES, type LoginLimitOptions } from '../../limits/options.ts';
import type { Engine } from './engine.ts';

/** Options of `loginLimits`. */
export interface LoginLimitSettings<AppRequest> extends LoginLimitOptions {
  /**
   * The user name that a request logs in with, for `loginsPerUser`: `({ body }) => body?.username`. Default: logins are counted by
   * address alone.
   */
  readonly username?: ((request: AppRequest) => unknown) | undefined;
  /** The client's address. Default: what the framework knows, which behind a proxy needs its `trust proxy`. */
  readonly address?: ((request: AppRequest) => string | undefined) | undefined;
}

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
  engine: Pick<
    Engine<Incoming, Outgoing>,
    'addressOf' | 'addToAnswer' | 'clientSettings' | 'refuse' | 'tenants' | 'toAppRequest' | 'verifier'
  >,
  settings: LoginLimitSettings<never> = {},
  principalOf: (request: Incoming) => Principal | null | undefined = () => null,
) {
  const { username, address, ...options } = fillOptions('loginLimits', settings, RULES);
  const { addressOf, addToAnswer, clientSettings, tenants, toAppRequest, verifier } = engine;
  if (address === undefined && addressOf === undefined) {
    const rule = 'must be a function of the request: requests of the Fetch standard do not tell it';
    throw new OptionsError('loginLimits', [{ option: 'address', ...RULES.address, rule }]);
  }
  const [realm] = verifier.members as readonly object[];
  const [secret = clientSettings().clientId ?? 'keycloak-guard'] =
    (realm && partsOf(realm)?.credential.secrets()) ?? [];
  const limits = import('../../limits/internal.ts').then(({ createLoginLimits }) =>
    createLoginLimits(options, secret),
  );
  // Each login rejects with the error.
  limits.catch(() => {});

  /** People of several tenants may have one user name. */
  async function ownerOf(request: Incoming, user: unknown): Promise<unknown> {
    if (tenants === undefined || tenants.isByIssuer || typeof user !== 'string') return user;
    try {
      await tenants.verifierOf(request);
      return JSON.stringify([tenants.nameOf(request), user]);
    } catch (error) {
      return engine.refuse(request, error);
    }
  }

  return {
    /** @throws {AuthError} rejects with `too_many_logins`, or `tenant_unknown` where there are tenants */
    async decide(request: Incoming, outgoing: Outgoing): Promise<Principal | null> {
      const { byAddress, byUser } = await limits;
      const appRequest = toAppRequest(request) as never;
      const from = address === undefined ? addressOf?.(request) : address(appRequest);
      const refuseOver = (state: RateLimitState | undefined, user?: unknown) => {
        if (state === undefined) return;
        addToAnswer(outgoing, { headers: state.headers, setCookies: [] });
        if (!state.isExceeded) return;
        const error = new AuthError('too_many_logins', 'More logins in a minute than allowed', {
          ...(typeof user === 'string' && { seen: user }),
          headers: state.headers,
        });
        engine.refuse(request, error);
      };
      const user: unknown = await username?.(appRequest);
      refuseOver(await byAddress(from), user);
      if (username !== undefined) refuseOver(await byUser(from, await ownerOf(request, user)), user);
      return principalOf(request) ?? null;
    },
  };
}
