/**
 * A listener whose errors, thrown or rejected by any thenable, are dropped: a log that
 * fails must neither refuse a request nor end the process. `false`: no listener.
 */
export function toSafeListener<T>(listener: ((told: T) => unknown) | false): (told: T) => void {
  return (told) => {
    // No one is left to report it to.
    try {
      if (listener) Promise.resolve(listener(told)).catch(() => {});
    } catch {}
  };
}
