import { fillOptions, type OptionRules, optionRules } from '../core/internal.ts';
import {
  createRateLimit,
  type RateLimit,
  type RateLimitState,
  type RateLimitStore,
  STORE,
} from './rate-limit.ts';

/** How many logins are let through. */
export interface LoginLimitOptions {
  /** Most logins in a minute from one address (IPv6: from a network of 48 bits, or one in it). 0: no limit. Default 300. */
  readonly loginsPerAddress?: number | undefined;
  /**
   * Most logins in a minute with one user name from one address: so guesses from elsewhere do not lock the user out. The user
   * name and the e-mail address of one account count apart, because only Keycloak knows that they are one. 0: no limit.
   * Default 100.
   */
  readonly loginsPerUser?: number | undefined;
  /** Where they are counted: `createRedisRateLimitStore` for several processes. Default: in the memory of this process. */
  readonly store?: RateLimitStore | undefined;
}

export const LOGIN_LIMIT_RULES = {
  loginsPerAddress: optionRules.whole(0, 1_000_000, 300),
  loginsPerUser: optionRules.whole(0, 1_000_000, 100),
  store: STORE,
} satisfies OptionRules<LoginLimitOptions>;

/** Limits on logins. */
export interface LoginLimits {
  /** By address: may be asked before the body is read. */
  readonly byAddress: RateLimit;
  /** By user name and address. @param username as it was sent */
  byUser(address: string | undefined, username: unknown): Promise<RateLimitState | undefined>;
}

/**
 * Limits on logins in a minute, by address, and by user name and address.
 *
 * @param secret names and addresses are hashed with it before they are counted: the same in all processes that share a store
 * @throws {OptionsError} naming every option that is wrong or unknown, or if there is no secret
 * @example
 * const limits = createLoginLimits({ loginsPerAddress: 60 }, process.env.LIMIT_SECRET ?? '');
 * const state = await limits.byUser(request.ip, request.body.username);
 */
export function createLoginLimits(options: LoginLimitOptions, secret: string): LoginLimits {
  const filled = fillOptions('createLoginLimits', options, LOGIN_LIMIT_RULES);
  const { loginsPerAddress, loginsPerUser, store } = filled;
  const ofUser = createRateLimit({ name: 'login of a user', limit: loginsPerUser, store, secret });
  return {
    byAddress: createRateLimit({ name: 'login', limit: loginsPerAddress, store, secret }),
    // Keycloak takes user names in any case.
    byUser: (address, username) =>
      ofUser(address, typeof username === 'string' ? username.toLowerCase() : ''),
  };
}
