import { createMemoryRevocationStore, type Revocation } from 'keycloak-guard';
import { createMemoryRateLimitStore } from 'keycloak-guard/limits';
import { createMemorySessionStore, type SessionGroup } from 'keycloak-guard/session';
import { createMemorySeat, createRevocationLog } from 'keycloak-guard/unstable';
import type { Port, ToPrimary, ToWorker } from './messages.ts';

/** What a worker asks of the primary; the answer of each comes back under the same id. */
export type SharedMethods = ReturnType<ReturnType<typeof createSharedMemory>['methodsFor']>;

const BATCH = 1_000;
/** Bounds what workers that died have left behind. */
const MAX_LOCKS = 100_000;

/** Most sessions of browsers; about 6 KiB each. */
const MAX_SESSIONS = 100_000;

/** What the workers of one machine share: it is in the memory of the primary, which outlives each of them. */
export function createSharedMemory() {
  const log = createRevocationLog();
  const claims = createMemoryRevocationStore();
  const sessions = createMemorySessionStore({ maxSessions: MAX_SESSIONS });
  const limits = createMemoryRateLimitStore();
  const seat = createMemorySeat();
  const locks = new Map<number, () => Promise<void>>();
  const followers = new Set<Port<ToWorker, ToPrimary>>();
  let lastLock = 0;

  /** A number to release the lock with, or `null` if another process holds it. */
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

  const methodsFor = (port: Port<ToWorker, ToPrimary>) => ({
    /** From now on this worker receives every revocation; those in force come first, before the answer. */
    follow(): void {
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
    revoke(revocation: Revocation): void {
      log.add(revocation);
      for (const follower of followers) follower.send({ kind: 'revocations', revocations: [revocation] });
    },
    newsTake: seat.take,
    newsLeave: seat.leave,
    async newsTell(topic: string, holder: string, news: string): Promise<boolean> {
      const isTold = await seat.tell(topic, holder, news);
      if (isTold) for (const follower of followers) follower.send({ kind: 'news', topic, news });
      return isTold;
    },
    useOnce: claims.useOnce,
    useProofOnce: claims.useProofOnce,
    sessionGet: sessions.get,
    sessionCreate: (key: string, value: string, ttlMs: number, group: SessionGroup | null) =>
      sessions.create(key, value, ttlMs, group ?? undefined),
    sessionReplace: sessions.replace,
    sessionRemaining: sessions.remaining,
    sessionTouch: sessions.touch,
    sessionDelete: sessions.delete,
    sessionLock: lock,
    sessionUnlock: unlock,
    count: limits.increment,
  });

  return {
    methodsFor,
    /** Answers a worker's calls. Returns a function that ends it. */
    serve(port: Port<ToWorker, ToPrimary>): () => void {
      const methods = methodsFor(port) as Record<string, (...args: readonly never[]) => unknown>;
      let isServed = true;
      port.listen((message) => {
        if (message.kind !== 'call' || !isServed) return;
        const { id, method, args } = message;
        Promise.resolve()
          .then(() => methods[method]?.(...(args as readonly never[])))
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
