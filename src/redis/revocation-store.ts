import { createMemoryRevocationStore, type Revocation, type RevocationStore } from '../core/index.ts';
import type { RedisConnection } from './connection.ts';
import { readRevocation } from './read-revocation.ts';

/** Options of {@link createRedisRevocationStore}. */
export interface RedisRevocationStoreOptions {
  /** Start of every key, so that several APIs can share one Redis. Default `keycloak-guard`. */
  readonly keyPrefix?: string | undefined;
  /** How long a revocation is kept: longer than any access token lives. Unit: seconds. Default 86,400. */
  readonly rememberSeconds?: number | undefined;
}

/** A {@link RevocationStore} that replicas share. */
export interface RedisRevocationStore extends RevocationStore {
  /** True once everything that is in Redis has been read: from then on this process knows what the others know. */
  readonly isCaughtUp: boolean;
  /** Revocations of this process that the others have not been told of yet, because Redis is away. */
  readonly waiting: number;
  /** Between a revocation in another process and its arrival here, of the last one that came. Unit: seconds. */
  readonly lagSeconds: number;
  close(): void;
}

/** How long one read waits for something new. Unit: milliseconds. */
const BLOCK_MS = 2_000;
const BATCH = 1_000;
const MAX_WAITING = 100_000;

/**
 * Revocations in a Redis stream. Each process reads the stream from its start, then waits for what is appended; one
 * that was away goes on where it stopped, so nothing is missed. Not-before times stand in a hash besides: they are
 * in force for longer than the stream goes back.
 *
 * What cannot be appended because Redis is away is told to the caller (`add` rejects) and appended when Redis is
 * back. Needs Redis 6.2 or Valkey; keep it on disk (`appendonly yes`), or a restart of Redis forgets what processes
 * started afterwards would have to know.
 */
export function createRedisRevocationStore(
  connection: RedisConnection,
  options: RedisRevocationStoreOptions = {},
): RedisRevocationStore {
  const { keyPrefix = 'keycloak-guard', rememberSeconds = 86_400 } = options;
  const streamKey = `${keyPrefix}:revocations`;
  const notBeforeKey = `${keyPrefix}:not-before`;
  const listeners = new Set<(revocation: Revocation) => void>();
  // For listeners that come when the stream has been read already.
  const seen = new Map<string, number>();
  const waiting = new Map<string, number>();
  const local = createMemoryRevocationStore();
  const reader = connection.duplicate();
  let last = '0-0';
  let isCaughtUp = false;
  let isClosed = false;
  let isReading = false;
  let lagSeconds = 0;

  function tell(text: string): void {
    const revocation = readRevocation(text);
    if (revocation === undefined) return;
    const now = Date.now();
    seen.delete(text);
    seen.set(text, now);
    for (const [old, at] of seen) {
      if (now - at <= rememberSeconds * 1000 && seen.size <= 1_000_000) break;
      seen.delete(old);
    }
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
        multi.hSet(notBeforeKey, JSON.stringify([issuer, clientId]), text);
      }
      return multi.exec();
    });
  }

  async function flush(): Promise<void> {
    for (const [text, at] of waiting) {
      try {
        await append(text, at);
        waiting.delete(text);
      } catch {
        return; // The next connection tries again.
      }
    }
  }

  /** Redis came back without its data, or as another one that knows less: start again, with what this process knows. */
  async function checkPosition(): Promise<void> {
    if (last === '0-0') return;
    const newest = await reader.run((client) => client.xRevRange(streamKey, '+', '-', { COUNT: 1 }));
    const id = newest?.[0]?.id;
    if (id !== undefined && compareIds(id, last) >= 0) return;
    last = '0-0';
    for (const [text, at] of seen) waiting.set(text, at);
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
      for (const text of seen.keys()) {
        const revocation = readRevocation(text);
        if (revocation !== undefined) listener(revocation);
      }
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
      reader.close();
    },
  };
}

/** Ids of a stream are `<milliseconds>-<number>`. */
function compareIds(a: string, b: string): number {
  const [aMs = 0, aCount = 0] = a.split('-').map(Number);
  const [bMs = 0, bCount = 0] = b.split('-').map(Number);
  return aMs - bMs || aCount - bCount;
}
