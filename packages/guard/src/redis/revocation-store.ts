import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProofStore, Revocation } from '../core/index.ts';
import { checkOptions, createRevocationLog, type OptionRules, optionRules } from '../core/internal.ts';
import { APPEND } from './append-script.ts';
import { createClaims } from './claims.ts';
import type { RedisConnection } from './connection.ts';
import { createRedisLeases } from './leases.ts';
import { createOutbox } from './outbox.ts';
import { readRevocation } from './read-revocation.ts';
import { fieldOf, revocationKeysOf } from './revocation-keys.ts';
import { followStream } from './stream-reader.ts';

/** Options of {@link createRedisRevocationStore}. */
export interface RedisRevocationStoreOptions {
  /** Start of every key, so that several APIs can share one Redis. Default `keycloak-guard`. */
  readonly keyPrefix?: string | undefined;
  /**
   * How long a revocation is kept: longer than any access token lives, and the same in every process, for the shortest one drops
   * those of all. Unit: seconds. Default 86,400.
   */
  readonly rememberSeconds?: number | undefined;
}

const RULES: OptionRules<RedisRevocationStoreOptions> = {
  keyPrefix: optionRules.string('must be a string without surrounding spaces', "'my-api'"),
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
 * After an outage it continues where it stopped, so it misses nothing. Not-before times and doubts are also kept in a
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
  const { keyPrefix = 'keycloak-guard', rememberSeconds = 86_400 } = options;
  const keys = revocationKeysOf(keyPrefix);
  const listeners = new Set<(revocation: Revocation) => void>();
  // For listeners that subscribe late, and for a Redis that lost its data.
  const known = createRevocationLog(undefined, rememberSeconds);

  function tell(text: string): void {
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
      tell(text);
    },
    onLoss() {
      for (const revocation of known.all()) outbox.put(JSON.stringify(revocation), Date.now());
    },
  });
  const outbox = createOutbox(connection, append, () => stream.isRereading);

  return {
    rememberSeconds,
    leases: createRedisLeases(connection, keyPrefix),
    async whenKnowing(timeoutMs) {
      const end = performance.now() + timeoutMs;
      while (!stream.isCaughtUp && performance.now() < end) await sleep(LOOK_MS);
    },
    get isConnected() {
      return connection.isReady;
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
        tell(text);
        throw error;
      }
    },
    subscribe(listener) {
      for (const revocation of known.all()) listener(revocation);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ...createClaims(connection, keyPrefix),
    close() {
      stream.close();
      outbox.close();
    },
  };
}
