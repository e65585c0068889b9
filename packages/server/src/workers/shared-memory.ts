import { createMemoryRevocationStore, type Revocation } from 'keycloak-guard';
import { createMemoryRateLimitStore } from 'keycloak-guard/limits';
import { createMemorySessionStore } from 'keycloak-guard/session';
import { createMemorySeat, createRevocationLog } from 'keycloak-guard/unstable';
import type { Port, SharedMethod, SharedMethods, ToPrimary, ToWorker } from './messages.ts';

/** What the workers of one machine share: it is in the memory of the primary, which outlives each of them. */
export interface SharedMemory {
  /** Answers a worker's calls. Returns a function that ends it. */
  serve(port: Port<ToWorker, ToPrimary>): () => void;
}

const BATCH = 1_000;
/** Bounds what workers that died have left behind. */
const MAX_LOCKS = 100_000;

/** @param maxSessions most sessions of browsers; about 6 KiB each */
export function createSharedMemory(maxSessions = 100_000): SharedMemory {
  const log = createRevocationLog();
  const claims = createMemoryRevocationStore();
  const sessions = createMemorySessionStore({ maxSessions });
  const limits = createMemoryRateLimitStore();
  const seat = createMemorySeat();
  const locks = new Map<number, () => Promise<void>>();
  const followers = new Set<Port<ToWorker, ToPrimary>>();
  let lastLock = 0;

  async function lock(key: string, ttlMs: number): Promise<number | null> {
    const unlock = await sessions.lock(key, ttlMs);
    if (unlock === null) return null;
    locks.set(++lastLock, unlock);
    const [oldest] = locks.size > MAX_LOCKS ? locks.keys() : [];
    if (oldest !== undefined) locks.delete(oldest);
    return lastLock;
  }

  async function unlock(id: number): Promise<void> {
    await locks.get(id)?.();
    locks.delete(id);
  }

  const methodsFor = (port: Port<ToWorker, ToPrimary>): Methods => ({
    follow() {
      followers.add(port);
      let batch: Revocation[] = [];
      for (const revocation of log.all()) {
        batch.push(revocation);
        if (batch.length < BATCH) continue;
        port.send({ kind: 'revocations', revocations: batch });
        batch = [];
      }
      if (batch.length > 0) port.send({ kind: 'revocations', revocations: batch });
    },
    revoke(revocation) {
      log.add(revocation);
      for (const follower of followers) follower.send({ kind: 'revocations', revocations: [revocation] });
    },
    newsTake: (topic, holder, ttlMs) => seat.take(topic, holder, ttlMs),
    newsLeave: (topic, holder) => seat.leave(topic, holder),
    async newsTell(topic, holder, news) {
      const isTold = await seat.tell(topic, holder, news);
      if (isTold) for (const follower of followers) follower.send({ kind: 'news', topic, news });
      return isTold;
    },
    useOnce: (id, expiresAt) => claims.useOnce(id, expiresAt),
    useProofOnce: (id, expiresAt) => claims.useProofOnce(id, expiresAt),
    sessionGet: (key) => sessions.get(key),
    sessionCreate: (key, value, ttlMs, group) => sessions.create(key, value, ttlMs, group ?? undefined),
    sessionReplace: (key, value) => sessions.replace(key, value),
    sessionRemaining: (key) => sessions.remaining(key),
    sessionTouch: (key, ttlMs) => sessions.touch(key, ttlMs),
    sessionDelete: (key) => sessions.delete(key),
    sessionLock: lock,
    sessionUnlock: unlock,
    count: (key, windowMs) => limits.increment(key, windowMs),
  });

  return {
    serve(port) {
      const methods = methodsFor(port) as Record<SharedMethod, (...args: readonly unknown[]) => unknown>;
      let isServed = true;
      port.listen((message) => {
        if (message.kind !== 'call' || !isServed) return;
        const { id, method, args } = message;
        Promise.resolve()
          .then(() => methods[method](...args))
          .then(
            (value) => isServed && port.send({ kind: 'answer', id, value }),
            (error: Error) => isServed && port.send({ kind: 'answer', id, error: error.message }),
          );
      });
      return () => {
        isServed = false;
        followers.delete(port);
      };
    },
  };
}

type Methods = {
  [M in SharedMethod]: (
    ...args: Parameters<SharedMethods[M]>
  ) => ReturnType<SharedMethods[M]> | Promise<ReturnType<SharedMethods[M]>>;
};
