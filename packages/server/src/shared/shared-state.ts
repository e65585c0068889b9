import type { ProofStore } from 'keycloak-guard';
import type { RateLimitStore } from 'keycloak-guard/limits';
import type { SessionStore } from 'keycloak-guard/session';
import type { Config } from '../config/config.ts';
import type { Logger } from '../log/logger.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Resolves when this process knows the logouts of the others, or after `timeoutMs`. At once where nothing is shared. */
    whenKnowing: (timeoutMs: number) => Promise<void>;
  }
}

/** State that processes share through Redis or Valkey. */
export interface SharedState {
  readonly revocations: ProofStore;
  readonly sessions: SessionStore;
  readonly limits: RateLimitStore;
  close(): void;
}

/** Connects in the background, so the service starts even if Redis is down. */
export async function openSharedState(
  config: Pick<Config, 'redisUrl' | 'redisKeyPrefix'>,
  logger: Logger | undefined,
): Promise<SharedState | undefined> {
  if (config.redisUrl === undefined) return undefined;
  // Its client has more modules than the rest of the service together; they cost start-up time.
  const { createRedisRateLimitStore, createRedisRevocationStore, createRedisSessionStore, openRedis } =
    await import('keycloak-guard/redis');
  const connection = openRedis({
    url: config.redisUrl,
    keyPrefix: config.redisKeyPrefix,
    onNotice: ({ level, code, message, fix }) => logger?.[level]({ code, fix }, message),
  });
  const revocations = createRedisRevocationStore(connection);
  return {
    revocations,
    sessions: createRedisSessionStore(connection),
    limits: createRedisRateLimitStore(connection),
    close() {
      revocations.close();
      connection.close();
    },
  };
}
