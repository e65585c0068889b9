import type { Leases } from '../core/internal.ts';
import type { RedisConnection } from './connection.ts';

/** Keys: the lease. Arguments: who wants it, for how many milliseconds. */
const TAKE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** Keys: the lease. Arguments: who leaves it. */
const LEAVE = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/** Keys: the lease, the value. Arguments: who saves, what. */
const SAVE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
return 1`;

export function createRedisLeases(connection: RedisConnection, keyPrefix: string): Leases {
  const leaseOf = (name: string): string => `${keyPrefix}:lease:${name}`;
  const stateOf = (name: string): string => `${keyPrefix}:value:${name}`;
  const run = (script: string, keys: string[], args: string[]) =>
    connection.run((client) => client.eval(script, { keys, arguments: args }));

  return {
    async take(name, holder, ttlMs) {
      if ((await run(TAKE, [leaseOf(name)], [holder, String(ttlMs)])) !== 1) return undefined;
      return connection.run((client) => client.get(stateOf(name)));
    },
    save: async (name, holder, value) =>
      (await run(SAVE, [leaseOf(name), stateOf(name)], [holder, value])) === 1,
    async leave(name, holder) {
      await run(LEAVE, [leaseOf(name)], [holder]);
    },
  };
}
