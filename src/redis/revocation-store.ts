import {
  checkOptions,
  createMemoryRevocationStore,
  createRevocationLog,
  type OptionRules,
  optionRules,
  type Revocation,
  type RevocationStore,
} from '../core/index.ts';
import type { RedisConnection } from './connection.ts';
import { readRevocation } from './read-revocation.ts';

/** Options of {@link createRedisRevocationStore}. */
export interface RedisRevocationStoreOptions {
  /** Start of every key, so that several APIs can share one Redis. Default `keycloak-guard`. */
  readonly keyPrefix?: string | undefined;
  /** How long a revocation is kept: longer than any access token lives. Unit: seconds. Default 86,400. */
  readonly rememberSeconds?: number | undefined;
}

const RULES: OptionRules<RedisRevocationStoreOptions> = {
  keyPrefix: optionRules.text('must be a text without spaces around it', "'my-api'"),
  rememberSeconds: optionRules.whole(1, 31_536_000, 86_400),
};

/** A {@link RevocationStore} that replicas share. */
export interface RedisRevocationStore extends RevocationStore {
  /** True once everything that is in Redis has been read: from then on this process knows what the others know. */
  readonly isCaughtUp: boolean;
  /** Revocations of this process that the others have not been told of yet, because Redis is away or refuses. */
  readonly waiting: number;
  /** Between a revocation in another process and its arrival here, of the last one that came. Unit: seconds. */
  readonly lagSeconds: number;
  close(): void;
}

/** How long one read waits for something new. Unit: milliseconds. */
const BLOCK_MS = 2_000;
const BATCH = 1_000;
const MAX_WAITING = 100_000;
/** An error reply (still loading, out of memory, read-only) breaks no connection that could tell when it is over. */
const RETRY_MS = 1_000;

/** By the rule of `createRevocationLog`, in one step: what was set later may have been written by another process. */
const KEEP_NOT_BEFORE = `
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then
  local before, after = cjson.decode(known), cjson.decode(ARGV[2])
  local isLater = (after.setAt or after.notBefore) >= (before.setAt or before.notBefore)
  local isSame = after.notBefore == before.notBefore or after.notBefore == 0
  if after.notBefore <= before.notBefore and not (isSame and isLater) then return end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])`;

/**
 * Revocations in a Redis stream. Each process reads the stream from its start, then waits for what is appended; one
 * that was away goes on where it stopped, so nothing is missed. Not-before times stand in a hash besides: they are
 * in force for longer than the stream goes back.
 *
 * What cannot be appended because Redis is away, or refuses it, is told to the caller (`add` rejects) and appended as
 * soon as Redis takes it. Needs Redis 6.2 or Valkey; keep it on disk (`appendonly yes`), or a restart of Redis forgets
 * what processes started afterwards would have to know.
 *
 * @throws {OptionsError} naming every option that is wrong or unknown
 */
export function createRedisRevocationStore(
  connection: RedisConnection,
  options: RedisRevocationStoreOptions = {},
): RedisRevocationStore {
  checkOptions('createRedisRevocationStore', options, RULES);
  const { keyPrefix = 'keycloak-guard', rememberSeconds = 86_400 } = options;
  const streamKey = `${keyPrefix}:revocations`;
  const notBeforeKey = `${keyPrefix}:not-before`;
  const listeners = new Set<(revocation: Revocation) => void>();
  // For listeners that come when the stream has been read already, and for a Redis that lost its data.
  const known = createRevocationLog();
  const waiting = new Map<string, number>();
  const local = createMemoryRevocationStore();
  const reader = connection.duplicate();
  let last = '0-0';
  let isCaughtUp = false;
  let isClosed = false;
  let isReading = false;
  let isFlushing = false;
  let lagSeconds = 0;

  function tell(text: string): void {
    const revocation = readRevocation(text);
    if (revocation === undefined) return;
    known.add(revocation);
    for (const listener of listeners) listener(revocation);
  }

  async function append(text: string, at: number): Promise<void> {
    const { type, issuer, ...rest } = JSON.parse(text) as Revocation;
    await connection.run((client) => {
      const oldest = `${Date.now() - rememberSeconds * 1000}-0`;
      const fields = { r: text, at: String(at) };
      const trim = { strategy: 'MINID', strategyModifier: '~', threshold: oldest as never } as const;
      const multi = client.multi().xAdd(streamKey, '*', fields, { TRIM: trim });
      if (type === 'not-before') {
        const { clientId } = rest as { clientId?: string };
        const field = JSON.stringify([issuer, clientId]);
        multi.eval(KEEP_NOT_BEFORE, { keys: [notBeforeKey], arguments: [field, text] });
      }
      return multi.exec();
    });
  }

  async function flush(): Promise<void> {
    if (isFlushing) return;
    isFlushing = true;
    try {
      for (const [text, at] of waiting) {
        await append(text, at);
        waiting.delete(text);
      }
    } catch {
      // Tried again by the next connection, or soon.
    } finally {
      isFlushing = false;
    }
  }

  /** Redis came back without its data, or as another one that knows less: start again, with what this process knows. */
  async function checkPosition(): Promise<void> {
    if (last === '0-0') return;
    // The very entry: others may have written since. One that is gone because it is old does no harm.
    const here = await reader.run((client) => client.xRange(streamKey, last, last));
    if (here?.length) return;
    last = '0-0';
    for (const revocation of known.all()) waiting.set(JSON.stringify(revocation), Date.now());
    await flush();
  }

  async function read(): Promise<void> {
    if (isReading) return;
    isReading = true;
    try {
      await checkPosition();
      const notBefore = await reader.run((client) => client.hVals(notBeforeKey));
      for (const text of notBefore) tell(text);
      while (!isClosed) await readBatch();
    } catch {
      // The connection is mended, and calls this again.
    } finally {
      isReading = false;
      if (!isClosed && reader.isReady) setTimeout(() => void read(), 100).unref();
    }
  }

  async function readBatch(): Promise<void> {
    const wait = isCaughtUp ? { BLOCK: BLOCK_MS } : {};
    const streams = (await reader.run(
      (client) => client.xRead({ key: streamKey, id: last }, { COUNT: BATCH, ...wait }),
      BLOCK_MS + 2_000,
    )) as { messages: { id: string; message: Record<string, string> }[] }[] | null;
    const messages = streams?.[0]?.messages ?? [];
    for (const { id, message } of messages) {
      last = id;
      if (isCaughtUp) lagSeconds = Math.max(0, (Date.now() - Number(message.at)) / 1000);
      tell(message.r ?? '');
    }
    if (messages.length < BATCH) isCaughtUp = true;
  }

  const stopReading = reader.onReady(() => void read());
  const stopFlushing = connection.onReady(() => void flush());
  const retry = setInterval(() => void flush(), RETRY_MS).unref();

  return {
    get isCaughtUp() {
      return isCaughtUp;
    },
    get waiting() {
      return waiting.size;
    },
    get lagSeconds() {
      return lagSeconds;
    },
    async add(revocation) {
      const text = JSON.stringify(revocation);
      const at = Date.now();
      try {
        await append(text, at);
      } catch (error) {
        if (waiting.size < MAX_WAITING) waiting.set(text, at);
        // Other verifiers in this process need no Redis.
        tell(text);
        throw error;
      }
    },
    subscribe(listener) {
      for (const revocation of known.all()) listener(revocation);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async claim(id, expiresAt) {
      // Known here is known, whatever Redis says; and a logout must not fail because Redis is away.
      if (!(await local.claim(id, expiresAt))) return false;
      const seconds = Math.max(1, Math.ceil(expiresAt - Date.now() / 1000));
      const expiration = { type: 'EX', value: seconds } as const;
      try {
        const key = `${keyPrefix}:claim:${id}`;
        return (
          (await connection.run((client) => client.set(key, '1', { condition: 'NX', expiration }))) !== null
        );
      } catch {
        return true;
      }
    },
    close() {
      isClosed = true;
      stopReading();
      stopFlushing();
      clearInterval(retry);
      reader.close();
    },
  };
}
