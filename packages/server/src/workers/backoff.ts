const FIRST_MS = 100;
const LONGEST_MS = 30_000;
/** A worker that lived this long did not die of its start. */
const HEALTHY_MS = 60_000;

/**
 * How long to wait before another worker is started, by how long the one before lived: at once where one dies now and
 * then; longer and longer where each dies soon.
 */
export function createBackoff(): (livedMs: number) => number {
  let pauseMs = FIRST_MS;
  return (livedMs) => {
    if (livedMs >= HEALTHY_MS) pauseMs = FIRST_MS;
    const now = pauseMs;
    pauseMs = Math.min(pauseMs * 2, LONGEST_MS);
    return now;
  };
}
