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
 * @param maxKeys with more, the window that began first is forgotten
 * @example
 * const loginLimits = kc.loginLimits({ store: createMemoryRateLimitStore() });
 */
export function createMemoryRateLimitStore(
  maxKeys = 50_000,
  clock: () => number = Date.now,
): { increment(key: string, windowMs: number): RateLimitHits } {
  const windows = new Map<string, { totalHits: number; readonly until: number }>();
  return {
    increment(key, windowMs) {
      const now = clock();
      let window = windows.get(key);
      if (window === undefined || window.until <= now) {
        window = { totalHits: 0, until: now + windowMs };
        windows.delete(key);
        windows.set(key, window);
        // The one that began first: its window ends first.
        const [oldest] = windows.size > maxKeys ? windows.keys() : [];
        if (oldest !== undefined) windows.delete(oldest);
      }
      window.totalHits++;
      return { totalHits: window.totalHits, resetMs: window.until - now };
    },
  };
}
