import { createBoundedCache } from '../core/internal.ts';

/** How often something was done in a window of time. */
export interface RateLimitHits {
  /** This time included. */
  readonly totalHits: number;
  /** Until the window is over. Unit: milliseconds. */
  readonly resetMs: number;
}

/** Counts in fixed windows of time, in one process or for several. */
export interface RateLimitStore {
  /** Counts one more. A window begins with the first. @param windowMs its length */
  increment(key: string, windowMs: number): RateLimitHits | Promise<RateLimitHits>;
}

/**
 * Counts in the memory of this process.
 *
 * @param maxKeys with more, the window that was counted in least recently is forgotten
 * @example
 * const loginLimits = kc.loginLimits({ store: createMemoryRateLimitStore() });
 */
export function createMemoryRateLimitStore(
  maxKeys = 50_000,
  clock: () => number = Date.now,
): { increment(key: string, windowMs: number): RateLimitHits } {
  const windows = createBoundedCache<{ totalHits: number; readonly until: number }>(maxKeys);
  return {
    increment(key, windowMs) {
      const now = clock();
      let window = windows.get(key);
      if (window === undefined || window.until <= now) {
        window = { totalHits: 0, until: now + windowMs };
        windows.set(key, window);
      }
      window.totalHits++;
      return { totalHits: window.totalHits, resetMs: window.until - now };
    },
  };
}
