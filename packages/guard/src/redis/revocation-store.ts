import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMemoryRevocationStore, type ProofStore, type Revocation } from '../core/index.ts';
import {
  checkOptions,
  createRevocationLog,
  type Leases,
  type OptionRules,
  optionRules,
} from '../core/internal.ts';
import type { RedisConnection } from './connection.ts';
import { APPEND, fieldOf, readRevocation, revocationKeysOf } from './revocation-format.ts';
import { followStream } from './stream-reader.ts';

/** Least and most time for which the id of a logout token stays claimed. Unit: seconds. */
const [SHORTEST_CLAIM, LONGEST_CLAIM] = [600, 86_400];

/** Ids that are valid once in all processes: those of logout tokens and of DPoP proofs. */
function createClaims(connection: RedisConnection): Pick<ProofStore, 'useOnce' | 'useProofOnce'> {
  const { keyPrefix } = connection;
  const local = createMemoryRevocationStore();
  const secondsUntil = (expiresAt: number): number => Math.ceil(expiresAt - Date.now() / 1000);

  /** @throws {RedisUnavailable} rejects if Redis does not answer */
  async function claim(key: string, seconds: number): Promise<boolean> {
    const expiration = { type: 'EX', value: seconds } as const;
    return (await connection.run((client) => client.set(key, '1', { condition: 'NX', expiration }))) !== null;
  }

  return {
    async useOnce(id, expiresAt) {
      // The local answer is enough for a "no". A logout must not fail because Redis is down.
      if (!(await local.useOnce(id, expiresAt))) return false;
      const seconds = Math.min(Math.max(secondsUntil(expiresAt), SHORTEST_CLAIM), LONGEST_CLAIM);
      return claim(`${keyPrefix}:claim:${id}`, seconds).catch(() => true);
    },
    // Unlike a logout, a request can be refused while Redis cannot say whether another replica saw its proof.
    useProofOnce: (id, expiresAt) => claim(`${keyPrefix}:proof:${id}`, Math.max(secondsUntil(expiresAt), 1)),
  };
}

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

function createRedisLeases(connection: RedisConnection): Leases {
  const { keyPrefix } = connection;
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

/** Bound on waiting revocations; more are dropped, and their callers got an error. */
const MAX_WAITING = 100_000;
/** A refusal (loading, out of memory, read-only) breaks no connection, so no event of the client marks its end. */
const RETRY_MS = 1_000;
/** After this many refusals in a row, the rest is tried later. */
const MAX_REFUSALS = 10;

/**
 * Revocations that Redis has not accepted yet.
 *
 * @param append rejects if Redis does not accept it
 * @param isPaused sends nothing while it is true
 */
function createOutbox(
  connection: RedisConnection,
  append: (text: string, at: number) => Promise<void>,
  isPaused: () => boolean,
) {
  const waiting = new Map<string, number>();
  let isFlushing = false;

  async function flush(): Promise<void> {
    if (isFlushing || isPaused()) return;
    isFlushing = true;
    let refusals = 0;
    for (const [text, at] of [...waiting]) {
      try {
        await append(text, at);
        waiting.delete(text);
      } catch {
        // Move it to the end: Redis may refuse only this one.
        waiting.delete(text);
        waiting.set(text, at);
        if (++refusals === MAX_REFUSALS || !connection.isReady) break;
      }
    }
    isFlushing = false;
  }

  const stopFlushing = connection.onReady(() => void flush());
  const retry = setInterval(() => void flush(), RETRY_MS).unref();

  return {
    get size(): number {
      return waiting.size;
    },
    /** @param at when it was added here. Unit: milliseconds since 1970 */
    put(text: string, at: number): void {
      if (waiting.size < MAX_WAITING) waiting.set(text, at);
    },
    delete: (text: string): void => void waiting.delete(text),
    close(): void {
      stopFlushing();
      clearInterval(retry);
    },
  };
}

/** Options of {@link createRedisRevocationStore}. */
export interface RedisRevocationStoreOptions {
  /**
   * How long a revocation is kept: longer than any access token lives, and the same in every process, for the shortest one drops
   * those of all. Unit: seconds. Default 86,400.
   */
  readonly rememberSeconds?: number | undefined;
}

const RULES: OptionRules<RedisRevocationStoreOptions> = {
  rememberSeconds: optionRules.whole(1, 31_536_000, 86_400),
};

/** How often to look whether the stream was read. Unit: milliseconds. */
const LOOK_MS = 10;

/** A `RevocationStore` that replicas share. */
export interface RedisRevocationStore extends ProofStore {
  /** True once the whole stream was read: this process then knows what the others know. */
  readonly isCaughtUp: boolean;
  readonly isConnected: boolean;
  readonly waiting: number;
  readonly lagSeconds: number;
  close(): void;
}

/**
 * Stores revocations in a Redis stream. Each process reads the stream from its start and then waits for new entries.
 * After an outage it continues where it stopped, so it misses nothing. Not-before times and rechecks are also kept in a
 * hash, because they stay in force after the stream was trimmed.
 *
 * If Redis loses its data, the processes write their revocations again within seconds.
 *
 * If Redis is down or refuses a revocation, `add` rejects, and the revocation is appended as soon as Redis accepts it.
 * Needs Redis 6.2 or Valkey. Keep it on disk (`appendonly yes`): otherwise processes that start after a restart of
 * Redis lack earlier revocations.
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
  const { rememberSeconds = 86_400 } = options;
  const keys = revocationKeysOf(connection.keyPrefix);
  const listeners = new Set<(revocation: Revocation) => void>();
  // For listeners that subscribe late, and for a Redis that lost its data.
  const known = createRevocationLog(undefined, rememberSeconds);

  function deliver(text: string): void {
    const revocation = readRevocation(text);
    if (revocation === undefined) return;
    known.add(revocation);
    for (const listener of listeners) listener(revocation);
  }

  async function append(text: string, at: number): Promise<void> {
    const field = fieldOf(JSON.parse(text) as Revocation);
    const args = [text, String(at), String(rememberSeconds * 1000), field, randomUUID()];
    await connection.run((client) =>
      client.eval(APPEND, { keys: [keys.stream, keys.notBefore, keys.mark], arguments: args }),
    );
  }

  const stream = followStream(connection, keys, {
    onRevocation(text) {
      // Redis still has it.
      if (stream.isRereading) outbox.delete(text);
      deliver(text);
    },
    onLoss() {
      for (const revocation of known.all()) outbox.put(JSON.stringify(revocation), Date.now());
    },
  });
  const outbox = createOutbox(connection, append, () => stream.isRereading);

  return {
    rememberSeconds,
    leases: createRedisLeases(connection),
    async whenCaughtUp(timeoutMs) {
      const end = performance.now() + timeoutMs;
      while (!stream.isCaughtUp && performance.now() < end) await sleep(LOOK_MS);
    },
    get isConnected() {
      return connection.isWritable ?? connection.isReady;
    },
    get isCaughtUp() {
      return stream.isCaughtUp;
    },
    get waiting() {
      return outbox.size;
    },
    get lagSeconds() {
      return stream.lagSeconds;
    },
    async add(revocation) {
      const read = readRevocation(JSON.stringify(revocation));
      // No process could read it, so it would be retried forever.
      if (read === undefined) throw new TypeError('The revocation is incomplete or malformed');
      // At once: the stream may bring it late, and Redis have lost it by then.
      known.add(read);
      const text = JSON.stringify(read);
      const at = Date.now();
      try {
        await append(text, at);
      } catch (error) {
        outbox.put(text, at);
        // Other verifiers in this process need no Redis.
        deliver(text);
        throw error;
      }
    },
    subscribe(listener) {
      for (const revocation of known.all()) listener(revocation);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ...createClaims(connection),
    close() {
      stream.close();
      outbox.close();
    },
  };
}
