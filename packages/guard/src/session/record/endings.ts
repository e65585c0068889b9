import { createBoundedCache, startBackgroundTimer } from '../../core/internal.ts';
import type { SessionStore } from './store.ts';

/** Sessions that ended in this process: they stay ended even if the store does not answer. */
export type Endings = ReturnType<typeof createEndings>;

/** Longer than a session is served from memory, and than it takes to read one. Unit: milliseconds. */
const REMEMBER_MS = 30_000;
const TRY_AGAIN_MS = 1_000;
const MOST_REMEMBERED = 10_000;
const AT_A_TIME = 100;

/** @param longestMs longest life of a session: after it the store has forgotten it by itself */
export function createEndings(store: SessionStore, longestMs: number) {
  /** Until when each is remembered, by a monotonic clock. */
  const recent = createBoundedCache<number>(MOST_REMEMBERED);
  // Unbounded: forgetting an entry would sign that person in again. Keycloak let somebody into each of them; it takes about
  // 150 bytes here.
  const pending = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function updateStore(key: string): Promise<boolean> {
    try {
      await store.delete(key);
      pending.delete(key);
      recent.set(key, performance.now() + REMEMBER_MS);
      return true;
    } catch {
      return false;
    }
  }

  /** Breaks off where the store takes none of them: it is still away. */
  async function updateAll(): Promise<void> {
    for (const [key, until] of pending) if (until <= performance.now()) pending.delete(key);
    const keys = [...pending.keys()];
    for (let from = 0; from < keys.length; from += AT_A_TIME) {
      const results = await Promise.all(keys.slice(from, from + AT_A_TIME).map(updateStore));
      if (!results.includes(true)) return;
    }
  }

  function tryAgain(): void {
    if (isClosed) return;
    timer ??= startBackgroundTimer(async () => {
      await updateAll();
      timer = undefined;
      if (pending.size > 0) tryAgain();
    }, TRY_AGAIN_MS);
  }

  return {
    has: (key: string): boolean => pending.has(key) || (recent.get(key) ?? 0) > performance.now(),
    /** Ends a session here, at once, and in the store. False: the store does not answer, and will be updated when it does. */
    async end(key: string): Promise<boolean> {
      pending.set(key, performance.now() + longestMs);
      const isStored = await updateStore(key);
      if (!isStored) tryAgain();
      return isStored;
    },
    async close(): Promise<void> {
      isClosed = true;
      clearTimeout(timer);
      await updateAll();
    },
  };
}
