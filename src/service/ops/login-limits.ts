import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import type { TokenRequest } from '../models.ts';
import { addressOf, networkOf } from '../services/addresses.ts';
import type { Report } from './security-events.ts';

type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** Hooks of `POST /login`. */
export interface LoginLimits {
  /** By address; before the body is read. */
  readonly byAddress: Hook;
  /** By user name from one address: whoever guesses from elsewhere does not lock the user out. */
  readonly byUser: Hook;
}

/** IPv6 by the network of 64 bits that a household has. */
const from = ({ ip }: FastifyRequest): string => networkOf(addressOf(ip));

const WINDOW_MS = 60_000;

/**
 * Limits on logins in a minute. With Redis all replicas count together; while Redis is away nobody is refused, and
 * the bound on password checks in flight is what protects Keycloak.
 *
 * @param store option of `@fastify/rate-limit`; `undefined`: this process counts alone
 */
export async function limitLogins(
  app: FastifyInstance,
  config: Pick<Config, 'loginsPerAddress' | 'loginsPerUser'>,
  store: unknown,
  report: Report,
): Promise<LoginLimits> {
  const { loginsPerAddress, loginsPerUser } = config;
  await app.register(rateLimit, {
    global: false,
    timeWindow: WINDOW_MS,
    cache: 50_000,
    skipOnError: true,
    ...(store === undefined ? {} : { store: store as never }),
  });

  function limit(max: number, keyGenerator: (request: FastifyRequest) => string): Hook {
    if (max === 0) return async () => undefined;
    const check = app.createRateLimit({ max, keyGenerator });
    return async (request, reply) => {
      const state = await check(request);
      if (state.isAllowed) return undefined;
      reply.header('ratelimit-limit', String(max));
      reply.header('ratelimit-remaining', String(state.remaining));
      reply.header('ratelimit-reset', String(state.ttlInSeconds));
      if (!state.isExceeded) return undefined;
      const user = (request.body as TokenRequest | undefined)?.username;
      report(request, { event: 'login', outcome: 'rate_limited', by: 'password', user });
      return reply
        .code(429)
        .header('retry-after', String(Math.max(1, state.ttlInSeconds)))
        .send({ detail: 'Too many login attempts' });
    };
  }

  return {
    byAddress: limit(loginsPerAddress, from),
    // Keycloak takes user names in any case.
    byUser: limit(loginsPerUser, (request) =>
      JSON.stringify([(request.body as TokenRequest).username.toLowerCase(), from(request)]),
    ),
  };
}
