import type { RateLimitStore } from '../limits/index.ts';
import type { RedisConnection } from './connection.ts';

/** Atomic, so two replicas never count the same number. */
const COUNT_UP = `
local current = redis.call('INCR', KEYS[1])
if current == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {current, redis.call('PTTL', KEYS[1])}`;

/**
 * Counts of limits in Redis, shared by replicas. Rejects within the timeout of the connection.
 * @example
 * app.post('/login', express.json(), kc.loginLimits({ store: createRedisRateLimitStore(redis) }), login);
 */
export function createRedisRateLimitStore(connection: RedisConnection): RateLimitStore {
  return {
    async increment(key, windowMs) {
      const answer = await connection.run((client) =>
        client.eval(COUNT_UP, {
          keys: [`${connection.keyPrefix}:limit:${key}`],
          arguments: [String(windowMs)],
        }),
      );
      const [totalHits, resetMs] = answer as unknown as [number, number];
      return { totalHits, resetMs };
    },
  };
}
