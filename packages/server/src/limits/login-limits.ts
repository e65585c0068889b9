import type { FastifyRequest } from 'fastify';
import type { Report } from '../audit/security-events.ts';
import type { Config } from '../config/config.ts';
import type { TokenRequest } from '../models.ts';
import type { Limit, LimitHook } from './rate-limits.ts';

/** Hooks of `POST /login`. */
export interface LoginLimits {
  /** By address; before the body is read. */
  readonly byAddress: LimitHook;
  /** By user name and address, so guesses from elsewhere do not lock the user out. */
  readonly byUser: LimitHook;
}

/** Limits on logins in a minute. The bound on password checks in flight protects Keycloak as well. */
export function limitLogins(
  limit: (limit: Limit) => LimitHook,
  { loginsPerAddress, loginsPerUser }: Pick<Config, 'loginsPerAddress' | 'loginsPerUser'>,
  report: Report,
): LoginLimits {
  const usernameOf = ({ body }: FastifyRequest) => (body as TokenRequest | undefined)?.username;
  const refusal = {
    detail: 'Too many login attempts',
    onRefused: (request: FastifyRequest) =>
      report(request, { event: 'login', outcome: 'rate_limited', by: 'password', user: usernameOf(request) }),
  };
  return {
    byAddress: limit({ name: 'login', max: loginsPerAddress, ...refusal }),
    byUser: limit({
      name: 'login of a user',
      max: loginsPerUser,
      // Keycloak takes user names in any case.
      of: (request) => usernameOf(request)?.toLowerCase() ?? '',
      ...refusal,
    }),
  };
}
