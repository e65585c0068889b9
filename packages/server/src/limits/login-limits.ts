import type { FastifyRequest } from 'fastify';
import { createLoginLimits, type LoginLimitOptions } from 'keycloak-guard/limits';
import type { Report } from '../audit/security-events.ts';
import type { TokenRequest } from '../models.ts';
import { toLimitHook } from './rate-limits.ts';

/** Hooks of `POST /login`. */
export type LoginHooks = ReturnType<typeof limitLogins>;

/** Limits on logins in a minute. The bound on password checks in flight protects Keycloak as well. */
export function limitLogins(
  { loginsPerAddress, loginsPerUser, store }: LoginLimitOptions,
  secret: string,
  report: Report,
) {
  const limits = createLoginLimits({ loginsPerAddress, loginsPerUser, store }, secret);
  const usernameOf = ({ body }: FastifyRequest) => (body as TokenRequest | undefined)?.username;
  const refusal = {
    detail: 'Too many login attempts',
    onRefused: (request: FastifyRequest) =>
      report(request, { event: 'login', outcome: 'rate_limited', by: 'password', user: usernameOf(request) }),
  };
  return {
    /** Before the body is read. */
    byAddress: toLimitHook({ take: ({ ip }) => limits.byAddress(ip), ...refusal }),
    byUser: toLimitHook({ take: (request) => limits.byUser(request.ip, usernameOf(request)), ...refusal }),
  };
}
