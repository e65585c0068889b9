import type { RedisConnection } from './connection.ts';

/** A count, and the time until it ends. Unit: milliseconds. */
interface Count {
  readonly current: number;
  readonly ttl: number;
}
type Callback = (error: Error | null, count?: Count) => void;

/** Atomic, so two replicas never count the same number. */
const COUNT_UP = `
local current = redis.call('INCR', KEYS[1])
if current == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {current, redis.call('PTTL', KEYS[1])}`;

/**
 * Counts of `@fastify/rate-limit` in Redis, shared by replicas: pass the returned class as its option `store`.
 * Errors go to the callback, within the timeout of the connection.
 * @example
 * await app.register(rateLimit, { max: 100, store: createRedisRateLimitStore(redis) });
 */
export function createRedisRateLimitStore(connection: RedisConnection, keyPrefix = 'keycloak-guard') {
  return class RedisRateLimitStore {
    incr(key: string, callback: Callback, windowMs: number): void {
      connection
        .run((client) =>
          client.eval(COUNT_UP, { keys: [`${keyPrefix}:limit:${key}`], arguments: [String(windowMs)] }),
        )
        .then(
          (answer) => {
            const [current, ttl] = answer as unknown as [number, number];
            callback(null, { current, ttl });
          },
          (error: Error) => callback(error),
        );
    }

    child(): RedisRateLimitStore {
      return this;
    }
  };
}
