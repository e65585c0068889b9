/** Counts in fixed windows, for limits. */
export interface Counts {
  /** One more. `ttl`: until the window is over, in milliseconds. */
  count(key: string, windowMs: number): { readonly current: number; readonly ttl: number };
}

export function createCounts(clock: () => number = Date.now, maxKeys = 50_000): Counts {
  const windows = new Map<string, { current: number; readonly until: number }>();
  return {
    count(key, windowMs) {
      const now = clock();
      let window = windows.get(key);
      if (window === undefined || window.until <= now) {
        window = { current: 0, until: now + windowMs };
        windows.delete(key);
        windows.set(key, window);
        // The one that began first: its window ends first.
        const [oldest] = windows.size > maxKeys ? windows.keys() : [];
        if (oldest !== undefined) windows.delete(oldest);
      }
      window.current++;
      return { current: window.current, ttl: window.until - now };
    },
  };
}
