import { fillOptions } from '../core/internal.ts';
import { LOGIN_LIMIT_RULES, type LoginLimitOptions } from './options.ts';
import { createRateLimit, type RateLimit, type RateLimitState } from './rate-limit.ts';

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
