import { randomUUID } from 'node:crypto';
import type { SessionStore } from '../session/index.ts';
import type { RedisConnection } from './connection.ts';

/** Releases a lock only if it is still ours: it may have expired, and another process may hold it now. */
const UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/** Atomic, so simultaneous logins are bounded too. Expired members do not count. */
const CREATE_IN_GROUP = `
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('RPUSH', KEYS[2], KEYS[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
local alive = {}
for _, key in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  if redis.call('EXISTS', key) == 1 then alive[#alive + 1] = key else redis.call('LREM', KEYS[2], 0, key) end
end
local tooMany = math.max(0, #alive - tonumber(ARGV[4]))
for i = 1, tooMany do
  redis.call('DEL', alive[i])
  redis.call('LREM', KEYS[2], 0, alive[i])
end
return tooMany`;

/**
 * Sessions in Redis or Valkey, shared by all processes. Each has one key, which expires by itself.
 *
 * @param connection of `openRedis`; the caller closes it
 * @example
 * const redis = openRedis({ url: 'redis://localhost:6379' });
 * await app.register(keycloakSession, { client, secret, store: createRedisSessionStore(redis) });
 */
export function createRedisSessionStore(connection: RedisConnection): SessionStore {
  const { keyPrefix } = connection;
  const keyOf = (key: string): string => `${keyPrefix}:session:${key}`;
  const groupOf = (key: string): string => `${keyPrefix}:session-group:${key}`;
  const lockOf = (key: string): string => `${keyPrefix}:session-lock:${key}`;
  const within = (ttlMs: number) => ({ type: 'PX', value: Math.ceil(ttlMs) }) as const;

  return {
    get: (key) => connection.run((client) => client.get(keyOf(key))),
    async create(key, value, ttlMs, group) {
      if (group === undefined) {
        await connection.run((client) => client.set(keyOf(key), value, { expiration: within(ttlMs) }));
        return 0;
      }
      const numbers = [ttlMs, group.ttlMs, group.most].map((number) => String(Math.ceil(number)));
      const ended = await connection.run((client) =>
        client.eval(CREATE_IN_GROUP, {
          keys: [keyOf(key), groupOf(group.key)],
          arguments: [value, ...numbers],
        }),
      );
      return Number(ended);
    },
    async replace(key, value) {
      const done = await connection.run((client) =>
        client.set(keyOf(key), value, { condition: 'XX', expiration: 'KEEPTTL' }),
      );
      return done !== null;
    },
    async touch(key, ttlMs) {
      await connection.run((client) => client.pExpire(keyOf(key), Math.ceil(ttlMs)));
    },
    async remaining(key) {
      // -2: it does not exist.
      const left = await connection.run((client) => client.pTTL(keyOf(key)));
      return left < 0 ? null : left;
    },
    async delete(key) {
      await connection.run((client) => client.del(keyOf(key)));
    },
    async lock(key, ttlMs) {
      const mine = randomUUID();
      const done = await connection.run((client) =>
        client.set(lockOf(key), mine, { condition: 'NX', expiration: within(ttlMs) }),
      );
      if (done === null) return null;
      return async () => {
        // If this fails, the lock expires by itself.
        await connection
          .run((client) => client.eval(UNLOCK, { keys: [lockOf(key)], arguments: [mine] }))
          .catch(() => {});
      };
    },
    async close() {},
  };
}
