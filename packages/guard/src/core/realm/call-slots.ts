import { startBackgroundTimer } from '../runtime/background-timer.ts';

/** Bounds how many calls are under way at once; the others wait in the order in which they came. */
export interface CallSlots {
  /**
   * Resolves to true when it is this call's turn, to false where that took too long. Whoever got true calls `leave`.
   */
  enter(): Promise<boolean>;
  leave(): void;
}

/** @param timeoutMs the longest wait for a turn. Unit: milliseconds */
export function createCallSlots(size: number, timeoutMs: number): CallSlots {
  const waiting = new Set<() => void>();
  let free = size;

  return {
    async enter() {
      if (free > 0) {
        free--;
        return true;
      }
      return new Promise<boolean>((resolve) => {
        const go = () => {
          clearTimeout(timer);
          resolve(true);
        };
        const timer = startBackgroundTimer(() => {
          waiting.delete(go);
          resolve(false);
        }, timeoutMs);
        waiting.add(go);
      });
    },
    leave() {
      const [next] = waiting;
      if (next === undefined) free++;
      else {
        waiting.delete(next);
        next();
      }
    },
  };
}
