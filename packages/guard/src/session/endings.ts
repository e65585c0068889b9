import { LRUCache } from 'lru-cache';
import type { SessionStore } from './session-store.ts';

/** Sessions that ended in this process: they stay ended, whether the store could be told or not. */
export interface Endings {
  has(key: string): boolean;
  /** Ends a session here, at once, and in the store. False: it does not answer, and is told as soon as it does. */
  end(key: string): Promise<boolean>;
  /** The store gets a last chance to hear of what it was not told. */
  close(): Promise<void>;
}

/** Longer than a session is served from memory, and than it takes to read one. Unit: milliseconds. */
const REMEMBER_TOLD_MS = 30_000;
const TRY_AGAIN_MS = 1_000;
const MOST = 10_000;

/** @param longestMs longest life of a session: after it the store has forgotten it by itself */
export function createEndings(store: SessionStore, longestMs: number): Endings {
  const ended = new LRUCache<string, { readonly isTold: boolean }>({ max: MOST });
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function tell(key: string): Promise<boolean> {
    try {
      await store.delete(key);
      ended.set(key, { isTold: true }, { ttl: REMEMBER_TOLD_MS });
      return true;
    } catch {
      return false;
    }
  }

  async function tellAll(): Promise<void> {
    const untold = [...ended.entries()].filter(([, { isTold }]) => !isTold);
    for (const [key] of untold) if (!(await tell(key))) return;
  }

  function tryAgain(): void {
    if (isClosed) return;
    timer ??= setTimeout(async () => {
      await tellAll();
      timer = undefined;
      if ([...ended.values()].some(({ isTold }) => !isTold)) tryAgain();
    }, TRY_AGAIN_MS).unref();
  }

  return {
    has: (key) => ended.size > 0 && ended.has(key),
    async end(key) {
      ended.set(key, { isTold: false }, { ttl: longestMs });
      const isTold = await tell(key);
      if (!isTold) tryAgain();
      return isTold;
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await tellAll();
    },
  };
}
