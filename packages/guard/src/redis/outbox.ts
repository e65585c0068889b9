import type { RedisConnection } from './connection.ts';

/** Bound on waiting revocations; more are dropped, after their caller was told. */
const MAX_WAITING = 100_000;
/** A refusal (loading, out of memory, read-only) breaks no connection, so no event tells when it is over. */
const RETRY_MS = 1_000;
/** After this many refusals in a row, the rest is tried later. */
const MAX_REFUSALS = 10;

/**
 * Revocations that Redis has not accepted yet.
 *
 * @param append rejects if Redis does not accept it
 * @param isHeld sends nothing while it is true
 */
export function createOutbox(
  connection: RedisConnection,
  append: (text: string, at: number) => Promise<void>,
  isHeld: () => boolean,
) {
  const waiting = new Map<string, number>();
  let isFlushing = false;

  async function flush(): Promise<void> {
    if (isFlushing || isHeld()) return;
    isFlushing = true;
    let refusals = 0;
    for (const [text, at] of [...waiting]) {
      try {
        await append(text, at);
        waiting.delete(text);
      } catch {
        // Move it to the end: Redis may refuse only this one.
        waiting.delete(text);
        waiting.set(text, at);
        if (++refusals === MAX_REFUSALS || !connection.isReady) break;
      }
    }
    isFlushing = false;
  }

  const stopFlushing = connection.onReady(() => void flush());
  const retry = setInterval(() => void flush(), RETRY_MS).unref();

  return {
    get size(): number {
      return waiting.size;
    },
    /** @param at when it was added here. Unit: milliseconds since 1970 */
    put(text: string, at: number): void {
      if (waiting.size < MAX_WAITING) waiting.set(text, at);
    },
    delete: (text: string): void => void waiting.delete(text),
    close(): void {
      stopFlushing();
      clearInterval(retry);
    },
  };
}
