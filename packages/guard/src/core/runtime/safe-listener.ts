/**
 * The result of a function of the application's; `undefined` if it throws. What it throws, or rejects with by any thenable, is
 * dropped: a log that fails must neither refuse a request nor end the process.
 */
export function unfailing<T>(act: () => T): T | undefined {
  try {
    const result = act();
    Promise.resolve(result).catch(() => {});
    return result;
  } catch {
    // No one is left to report it to.
    return undefined;
  }
}

/** A listener by {@link unfailing}. `false`: no listener. */
export function toSafeListener<T>(listener: ((told: T) => unknown) | false): (told: T) => void {
  return (told) => void (listener && unfailing(() => listener(told)));
}
