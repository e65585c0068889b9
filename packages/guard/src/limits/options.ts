import { type OptionRules, optionRules } from '../core/internal.ts';

// The options of limits and their rules alone: adapters check them before they load the room.

/** How often something was done in a window of time. */
export interface RateLimitHits {
  /** This time included. */
  readonly totalHits: number;
  /** Until the window is over. Unit: milliseconds. */
  readonly resetMs: number;
}

/** Counts in fixed windows of time, in one process or for several. */
export interface RateLimitStore {
  /** Counts one more. A window begins with the first. @param windowMs its length */
  increment(key: string, windowMs: number): RateLimitHits | Promise<RateLimitHits>;
}

export const STORE = optionRules.having(
  'a RateLimitStore',
  ['increment'],
  'createRedisRateLimitStore(redis)',
);
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
