import { randomUUID } from 'node:crypto';
import { createMemoryRevocationStore, type ProofStore, type Revocation } from '../core/index.ts';
import { checkOptions, createRevocationLog, type OptionRules, optionRules } from '../core/internal.ts';
import { APPEND } from './append-script.ts';
import type { RedisClient, RedisConnection, RedisUnavailable } from './connection.ts';
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

/** A `RevocationStore` that replicas share. */
export interface RedisRevocationStore extends ProofStore {
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
/** After this many refusals in a row the rest is tried later. */
const MAX_REFUSALS = 10;
/** How often to check whether Redis still has what it had. Unit: milliseconds. */
const CHECK_MS = 2_000;
/** How long an id stays claimed at least and at most, whatever the clock here says. Unit: seconds. */
const [SHORTEST_CLAIM, LONGEST_CLAIM] = [600, 86_400];

/**
 * Revocations in a Redis stream. Each process reads the stream from its start, then waits for what is appended; one
 * that was away goes on where it stopped, so nothing is missed. Not-before times and doubts stand in a hash besides:
 * they are in force for longer than the stream goes back.
 *
 * A Redis that lost its data is told again what the processes know, within seconds.
 *
 * What cannot be appended because Redis is away, or refuses it, is told to the caller (`add` rejects) and appended as
 * soon as Redis takes it. Needs Redis 6.2 or Valkey; keep it on disk (`appendonly yes`), or a restart of Redis forgets
 * what processes started afterwards would have to know.
 *
 * @throws {OptionsError} naming every option that is wrong or unknown
 * @example
 * const revocationStore = createRedisRevocationStore(openRedis({ url: 'redis://localhost:6379' }));
 * const verifier = createVerifier({ ...api, revocationStore });
 */
export function createRedisRevocationStore(
  connection: RedisConnection,
  options: RedisRevocationStoreOptions = {},
): RedisRevocationStore {
  checkOptions('createRedisRevocationStore', options, RULES);
  const { keyPrefix = 'keycloak-guard', rememberSeconds = 86_400 } = options;
  const streamKey = `${keyPrefix}:revocations`;
  const notBeforeKey = `${keyPrefix}:not-before`;
  const markKey = `${keyPrefix}:mark`;
  const listeners = new Set<(revocation: Revocation) => void>();
  // For listeners that come when the stream has been read already, and for a Redis that lost its data.
  const known = createRevocationLog();
  const waiting = new Map<string, number>();
  const local = createMemoryRevocationStore();
  const reader = connection.duplicate();
  let last = '0-0';
  let mark: string | undefined;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let isCaughtUp = false;
  let isReadingAnew = false;
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
    const keys = [streamKey, notBeforeKey, markKey];
    const field = fieldOf(JSON.parse(text) as Revocation);
    const args = [text, String(at), String(rememberSeconds * 1000), field, randomUUID()];
    await connection.run((client) => client.eval(APPEND, { keys, arguments: args }));
  }

  async function flush(): Promise<void> {
    // What Redis turns out to have need not be told again.
    if (isFlushing || isReadingAnew) return;
    isFlushing = true;
    let refusals = 0;
    for (const [text, at] of [...waiting]) {
      try {
        await append(text, at);
        waiting.delete(text);
      } catch {
        // Tried again by the next connection, or soon; after the others, for it may be this one that is refused.
        waiting.delete(text);
        waiting.set(text, at);
        if (++refusals === MAX_REFUSALS || !connection.isReady) break;
      }
    }
    isFlushing = false;
  }

  /** `undefined` where Redis refuses, as for a key of another type: what else it has is of use all the same. */
  async function ask<T>(command: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    try {
      return await reader.run(command);
    } catch (error) {
      if (reader.isReady && (error as RedisUnavailable).cause !== undefined) return undefined;
      throw error;
    }
  }

  /** Redis lost its data, or is another one that knows less: start again, with what this process knows. */
  async function checkPosition(): Promise<void> {
    checkedAt = performance.now();
    await ask((client) => client.set(markKey, randomUUID(), { condition: 'NX' }));
    const found = (await ask((client) => client.get(markKey))) ?? undefined;
    const isOther = mark !== undefined && found !== mark;
    mark = found;
    // The very entry: others may have written since. One that is gone because it is old does no harm.
    const isGone =
      last !== '0-0' && !(await reader.run((client) => client.xRange(streamKey, last, last)))?.length;
    if (!isOther && !isGone) return;
    last = '0-0';
    isReadingAnew = true;
    for (const revocation of known.all()) waiting.set(JSON.stringify(revocation), Date.now());
  }

  async function read(): Promise<void> {
    if (isReading) return;
    isReading = true;
    try {
      await checkPosition();
      const policies = (await ask((client) => client.hVals(notBeforeKey))) ?? [];
      for (const text of policies) tell(text);
      while (!isClosed) {
        if (performance.now() - checkedAt >= CHECK_MS) await checkPosition();
        await readBatch();
      }
    } catch {
      // The connection is mended, and calls this again.
    } finally {
      isReading = false;
      if (!isClosed && reader.isReady) setTimeout(() => void read(), 100).unref();
    }
  }

  async function readBatch(): Promise<void> {
    const wait = isCaughtUp && !isReadingAnew ? { BLOCK: BLOCK_MS } : {};
    const streams = (await reader.run(
      (client) => client.xRead({ key: streamKey, id: last }, { COUNT: BATCH, ...wait }),
      BLOCK_MS + 2_000,
    )) as { messages: { id: string; message: Record<string, string> }[] }[] | null;
    const messages = streams?.[0]?.messages ?? [];
    for (const { id, message } of messages) {
      const { r: text = '', at = '' } = message;
      last = id;
      const lagMs = Date.now() - Number(at);
      if (isCaughtUp && !isReadingAnew && Number.isFinite(lagMs)) lagSeconds = Math.max(0, lagMs / 1000);
      if (isReadingAnew) waiting.delete(text);
      tell(text);
    }
    if (messages.length < BATCH) {
      isCaughtUp = true;
      isReadingAnew = false;
    }
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
      const read = readRevocation(JSON.stringify(revocation));
      // Nobody could read it: it would be tried for ever.
      if (read === undefined) throw new TypeError('This is no revocation, or not a whole one');
      const text = JSON.stringify(read);
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
    async useOnce(id, expiresAt) {
      // Known here is known, whatever Redis says; and a logout must not fail because Redis is away.
      if (!(await local.useOnce(id, expiresAt))) return false;
      const seconds = Math.ceil(expiresAt - Date.now() / 1000);
      const value = Math.min(Math.max(seconds, SHORTEST_CLAIM), LONGEST_CLAIM);
      const expiration = { type: 'EX', value } as const;
      try {
        const key = `${keyPrefix}:claim:${id}`;
        return (
          (await connection.run((client) => client.set(key, '1', { condition: 'NX', expiration }))) !== null
        );
      } catch {
        return true;
      }
    },
    async useProofOnce(id, expiresAt) {
      // Unlike a logout, a request can be refused where nobody knows whether another replica had the proof.
      const value = Math.max(Math.ceil(expiresAt - Date.now() / 1000), 1);
      const expiration = { type: 'EX', value } as const;
      const key = `${keyPrefix}:proof:${id}`;
      return (
        (await connection.run((client) => client.set(key, '1', { condition: 'NX', expiration }))) !== null
      );
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

/** Where it stands in the hash; empty where the stream goes back far enough for it. */
function fieldOf(revocation: Revocation): string {
  const { type, issuer } = revocation;
  if (type === 'doubt') return JSON.stringify([issuer, null, type]);
  if (type !== 'not-before') return '';
  const { clientId = null, notBefore } = revocation;
  // A 0 takes no earlier time's place.
  return JSON.stringify(notBefore === 0 ? [issuer, clientId, 'lifted'] : [issuer, clientId]);
}
