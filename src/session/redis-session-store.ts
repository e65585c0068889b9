import { randomUUID } from 'node:crypto';
import { checkOptions, type OptionRules, optionRules } from '../core/index.ts';
import type { RedisConnection } from '../redis/index.ts';
import type { SessionStore } from './session-store.ts';

/** Options of {@link createRedisSessionStore}. */
export interface RedisSessionStoreOptions {
  /** Start of every key, so that several apps can share one Redis. Default `keycloak-guard`. */
  readonly keyPrefix?: string | undefined;
}

const RULES: OptionRules<RedisSessionStoreOptions> = {
  keyPrefix: optionRules.text('must be a text without spaces around it', "'my-api'"),
};

/** Gives a lock back only where it is still ours: it may have ended, and be another's by now. */
const UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/**
 * Sessions in Redis or Valkey, shared by all processes. One key each, which Redis itself forgets when its time is over.
 *
 * @param connection of `openRedis`; whoever opened it closes it
 * @throws {OptionsError} naming every option that is wrong or unknown
 */
export function createRedisSessionStore(
  connection: RedisConnection,
  options: RedisSessionStoreOptions = {},
): SessionStore {
  checkOptions('createRedisSessionStore', options, RULES);
  const { keyPrefix = 'keycloak-guard' } = options;
  const keyOf = (key: string): string => `${keyPrefix}:session:${key}`;
  const lockOf = (key: string): string => `${keyPrefix}:session-lock:${key}`;
  const within = (ttlMs: number) => ({ type: 'PX', value: Math.ceil(ttlMs) }) as const;

  return {
    get: (key) => connection.run((client) => client.get(keyOf(key))),
    async create(key, value, ttlMs) {
      await connection.run((client) => client.set(keyOf(key), value, { expiration: within(ttlMs) }));
    },
    async replace(key, value, ttlMs) {
      const done = await connection.run((client) =>
        client.set(keyOf(key), value, { condition: 'XX', expiration: within(ttlMs) }),
      );
      return done !== null;
    },
    async touch(key, ttlMs) {
      await connection.run((client) => client.pExpire(keyOf(key), Math.ceil(ttlMs)));
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
        // It ends by itself where that cannot be told.
        await connection
          .run((client) => client.eval(UNLOCK, { keys: [lockOf(key)], arguments: [mine] }))
          .catch(() => {});
      };
    },
    async close() {},
  };
}
