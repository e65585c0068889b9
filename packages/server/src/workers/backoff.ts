/** How long to wait before another worker is started. */
export interface Backoff {
  /** @param livedMs how long the one before lived */
  next(livedMs: number): number;
}

const FIRST_MS = 100;
const LONGEST_MS = 30_000;
/** A worker that lived this long did not die of its start. */
const HEALTHY_MS = 60_000;

/** At once where one dies now and then; longer and longer where each dies soon. */
export function createBackoff(): Backoff {
  let pauseMs = FIRST_MS;
  return {
    next(livedMs) {
      if (livedMs >= HEALTHY_MS) pauseMs = FIRST_MS;
      const now = pauseMs;
      pauseMs = Math.min(pauseMs * 2, LONGEST_MS);
      return now;
    },
  };
}
