import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RateLimitState } from 'keycloak-guard/limits';

export type LimitHook = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** What a limit counts, and the answer to what is too many. */
export interface Limited {
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
