import { createBoundedCache, startBackgroundTimer } from '../core/internal.ts';
import type { SessionStore } from './session-store.ts';

/** Sessions that ended in this process: they stay ended even where the store could not be told. */
export type Endings = ReturnType<typeof createEndings>;

/** Longer than a session is served from memory, and than it takes to read one. Unit: milliseconds. */
const REMEMBER_TOLD_MS = 30_000;
const TRY_AGAIN_MS = 1_000;
const MOST_TOLD = 10_000;
/** How many at a time, when the store is back. */
const AT_A_TIME = 100;

/** @param longestMs longest life of a session: after it the store has forgotten it by itself */
export function createEndings(store: SessionStore, longestMs: number) {
  /** Until when each is remembered, by a monotonic clock. */
  const told = createBoundedCache<number>(MOST_TOLD);
  // Unbounded: forgetting an entry would sign that person in again. Each is a session that somebody was let into by
  // Keycloak, and has about 150 bytes here.
  const untold = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function tell(key: string): Promise<boolean> {
    try {
      await store.delete(key);
      untold.delete(key);
      told.set(key, performance.now() + REMEMBER_TOLD_MS);
      return true;
    } catch {
      return false;
    }
  }

  /** Breaks off where the store takes none of them: it is still away. */
  async function tellAll(): Promise<void> {
    for (const [key, until] of untold) if (until <= performance.now()) untold.delete(key);
    const keys = [...untold.keys()];
    for (let from = 0; from < keys.length; from += AT_A_TIME) {
      const results = await Promise.all(keys.slice(from, from + AT_A_TIME).map(tell));
      if (!results.includes(true)) return;
    }
  }

  function tryAgain(): void {
    if (isClosed) return;
    timer ??= startBackgroundTimer(async () => {
      await tellAll();
      timer = undefined;
      if (untold.size > 0) tryAgain();
    }, TRY_AGAIN_MS);
  }

  return {
    has: (key: string): boolean =>
      (untold.size > 0 && untold.has(key)) || (told.size > 0 && (told.get(key) ?? 0) > performance.now()),
    /** Ends a session here, at once, and in the store. False: the store does not answer, and will be updated when it does. */
    async end(key: string): Promise<boolean> {
      untold.set(key, performance.now() + longestMs);
      const isTold = await tell(key);
      if (!isTold) tryAgain();
      return isTold;
    },
    /** Tries once more to update the store. */
    async close(): Promise<void> {
      isClosed = true;
      clearTimeout(timer);
      await tellAll();
    },
  };
}
