import type { NewsSeat } from '../core/internal.ts';
import type { RedisConnection } from './connection.ts';

/** Keys: the seat. Arguments: who wants it, for how many milliseconds. */
const TAKE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** Keys: the seat. Arguments: who leaves it. */
const LEAVE = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/**
 * What is told goes with the last entry of the stream: who has read that far has heard every revocation before it.
 *
 * Keys: the seat, the news, the stream. Arguments: who tells, what.
 */
const TELL = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
redis.call('HSET', KEYS[2], 'news', ARGV[2], 'after', last and last[1] or '0-0')
redis.call('HINCRBY', KEYS[2], 'count', 1)
return 1`;

/** How often to look for what others tell. Unit: milliseconds. */
const LOOK_MS = 500;

/**
 * The seat of the one process that follows Keycloak's events, in Redis.
 *
 * @param hasRead whether this process has read the stream up to an entry
 */
export function createNewsSeat(
  connection: RedisConnection,
  keyPrefix: string,
  stream: string,
  hasRead: (id: string) => boolean,
): NewsSeat & { close(): void } {
  const timers = new Set<NodeJS.Timeout>();
  const listeners = new Set<{ readonly topic: string; readonly listener: (news: string) => void }>();
  const seatOf = (topic: string): string => `${keyPrefix}:seat:${topic}`;
  const newsOf = (topic: string): string => `${keyPrefix}:news:${topic}`;
  const run = (script: string, keys: string[], args: string[]) =>
    connection.run((client) => client.eval(script, { keys, arguments: args }));

  return {
    async take(topic, holder, ttlMs) {
      if ((await run(TAKE, [seatOf(topic)], [holder, String(ttlMs)])) !== 1) return undefined;
      return (await connection.run((client) => client.hGet(newsOf(topic), 'news'))) ?? null;
    },
    async leave(topic, holder) {
      await run(LEAVE, [seatOf(topic)], [holder]);
    },
    async tell(topic, holder, news) {
      if ((await run(TELL, [seatOf(topic), newsOf(topic), stream], [holder, news])) !== 1) return false;
      // This process knows its own additions.
      for (const one of listeners) if (one.topic === topic) one.listener(news);
      return true;
    },
    listen(topic, listener) {
      const one = { topic, listener };
      listeners.add(one);
      let heard: string | undefined;
      async function look(): Promise<void> {
        const { news, after = '', count } = await connection.run((client) => client.hGetAll(newsOf(topic)));
        if (news === undefined || count === heard || !hasRead(after)) return;
        // Entries from before the start of this process may be old.
        if (heard !== undefined) listener(news);
        heard = count;
      }
      const timer = setInterval(() => void look().catch(() => {}), LOOK_MS).unref();
      timers.add(timer);
      void look().catch(() => {});
      return () => {
        clearInterval(timer);
        timers.delete(timer);
        listeners.delete(one);
      };
    },
    close() {
      for (const timer of timers) clearInterval(timer);
    },
  };
}
