import { setTimeout } from 'node:timers/promises';
import type { ProofStore } from 'keycloak-guard';
import type { SessionStore } from 'keycloak-guard/session';
import type { Config } from '../config/config.ts';
import type { Logger } from '../log/logger.ts';
import type { WorkerLink } from './worker-link.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Resolves when this process knows what the others know, or after `timeoutMs`. At once where nothing is shared. */
    whenKnowing: (timeoutMs: number) => Promise<void>;
  }
}

/** What processes share: replicas where `REDIS_URL` is set, else the workers of one machine. */
export interface SharedState {
  readonly through: 'redis' | 'primary';
  readonly revocations: ProofStore;
  readonly sessions: SessionStore;
  /** Option `store` of `@fastify/rate-limit`. */
  readonly LimitStore: unknown;
  /** For `/health/ready`. `isKnowing`: this process has learnt what the others know, once. */
  status(): { readonly isConnected: boolean; readonly isKnowing: boolean };
  /** Resolves when `isKnowing`, or after `timeoutMs`. */
  whenKnowing(timeoutMs: number): Promise<void>;
  /** Numbers for `/metrics`. */
  numbers(): { readonly waiting: number; readonly lagSeconds: number };
  close(): void;
}

/** Connects in the background, so the service starts even if Redis is down. */
export async function openSharedState(
  config: Pick<Config, 'redisUrl' | 'redisKeyPrefix'>,
  logger: Logger | undefined,
  link: WorkerLink | undefined,
): Promise<SharedState | undefined> {
  if (config.redisUrl === undefined) return link && shareThroughPrimary(link);
  // Its client has more modules than the rest of the service together; they cost start-up time.
  const { createRedisRateLimitStore, createRedisRevocationStore, createRedisSessionStore, openRedis } =
    await import('keycloak-guard/redis');
  const connection = openRedis({
    url: config.redisUrl,
    onNotice: ({ level, code, message }) => logger?.[level]({ code }, message),
  });
  const keyPrefix = config.redisKeyPrefix;
  const revocations = createRedisRevocationStore(connection, { keyPrefix });
  return {
    through: 'redis',
    revocations,
    sessions: createRedisSessionStore(connection, { keyPrefix }),
    LimitStore: createRedisRateLimitStore(connection, keyPrefix),
    status: () => ({ isConnected: connection.isReady, isKnowing: revocations.isCaughtUp }),
    whenKnowing: (timeoutMs) => until(() => revocations.isCaughtUp, timeoutMs),
    numbers: () => ({ waiting: revocations.waiting, lagSeconds: revocations.lagSeconds }),
    close() {
      revocations.close();
      connection.close();
    },
  };
}

function shareThroughPrimary(link: WorkerLink): SharedState {
  const { revocations, sessions, LimitStore } = link;
  return {
    ...{ through: 'primary', revocations, sessions, LimitStore },
    status: () => ({ isConnected: true, isKnowing: link.isKnowing }),
    whenKnowing: (timeoutMs) => until(() => link.isKnowing, timeoutMs),
    numbers: () => ({ waiting: 0, lagSeconds: 0 }),
    close() {},
  };
}

async function until(holds: () => boolean, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!holds() && performance.now() < end) await setTimeout(10);
}
