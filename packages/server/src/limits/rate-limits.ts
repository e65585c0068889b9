import { createHmac } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { addressOf, networksOf } from '../services/addresses.ts';

export type LimitHook = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** A bound on requests in a minute. */
export interface Limit {
  /** Limits of one name count together. */
  readonly name: string;
  /** 0: no limit. */
  readonly max: number;
  /** What requests must have in common besides the network they come from. Default: nothing. */
  readonly of?: ((request: FastifyRequest) => string) | undefined;
  readonly detail: string;
  readonly onRefused: (request: FastifyRequest) => void;
}

const WINDOW_MS = 60_000;
/** The most of what `networksOf` finds. */
const NETWORKS = [0, 1, 2] as const;

/**
 * Makes hooks that count requests by where they come from. Of the networks an address is in the one with the most
 * requests counts; the widest is asked first, so that whoever has a whole one leaves no trace for each part of it.
 *
 * With Redis all replicas count together; while it is away nobody is refused.
 *
 * @param store option of `@fastify/rate-limit`; `undefined`: this process counts alone
 * @param secret that all replicas have: names and addresses are hashed with it, before they leave this process
 */
export async function openLimits(
  app: FastifyInstance,
  store: unknown,
  secret: string,
): Promise<(limit: Limit) => LimitHook> {
  await app.register(rateLimit, {
    global: false,
    timeWindow: WINDOW_MS,
    cache: 50_000,
    skipOnError: true,
    ...(store === undefined ? {} : { store: store as never }),
  });

  return ({ name, max, of, detail, onRefused }) => {
    if (max === 0) return async () => undefined;
    const toKey = (request: FastifyRequest, network: string | undefined): string =>
      createHmac('sha256', secret)
        .update(JSON.stringify(['keycloak-guard limit', name, network, of?.(request)]))
        .digest('base64url')
        .slice(0, 22);
    const checks = NETWORKS.map((i) =>
      app.createRateLimit({
        max,
        keyGenerator: (request) => toKey(request, networksOf(addressOf(request.ip))[i]),
      }),
    );

    return async (request, reply) => {
      let least = Number.POSITIVE_INFINITY;
      for (const check of checks.slice(0, networksOf(addressOf(request.ip)).length)) {
        const state = await check(request);
        if (state.isAllowed || (state.remaining >= least && !state.isExceeded)) continue;
        least = state.remaining;
        reply.header('ratelimit-limit', String(max));
        reply.header('ratelimit-remaining', String(state.remaining));
        reply.header('ratelimit-reset', String(state.ttlInSeconds));
        if (!state.isExceeded) continue;
        onRefused(request);
        return reply
          .code(429)
          .header('retry-after', String(Math.max(1, state.ttlInSeconds)))
          .send({ detail });
      }
      return undefined;
    };
  };
}
