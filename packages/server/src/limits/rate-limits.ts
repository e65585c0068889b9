import type { FastifyReply, FastifyRequest } from 'fastify';
import { createLoginLimits, type LoginLimitOptions, type RateLimitState } from 'keycloak-guard/limits';
import type { Report } from '../audit/security-events.ts';
import type { TokenRequest } from '../models.ts';

export type LimitHook = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** A limit on requests, and the answer to those beyond it. */
interface Limited {
  /** Counts one more. */
  readonly take: (request: FastifyRequest) => Promise<RateLimitState | undefined>;
  readonly detail: string;
  readonly onRefused: (request: FastifyRequest) => void;
}

/** With Redis all replicas count together; while it is away each counts for itself. */
export function toLimitHook({ take, detail, onRefused }: Limited): LimitHook {
  return async (request, reply) => {
    const state = await take(request);
    if (state === undefined) return undefined;
    reply.headers(state.headers);
    if (!state.isExceeded) return undefined;
    onRefused(request);
    return reply.code(429).send({ detail });
  };
}

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
