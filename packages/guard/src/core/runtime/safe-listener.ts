/**
 * A listener that harms nobody: what it throws, or rejects with by a promise of whatever make, is dropped, for a log that
 * fails must neither refuse a request nor end the process. `false`: nobody is told.
 */
export function toSafeListener<T>(listener: ((told: T) => unknown) | false): (told: T) => void {
  return (told) => {
    // There is nobody left to tell.
    try {
      if (listener) Promise.resolve(listener(told)).catch(() => {});
    } catch {}
  };
}
