/**
 * Goes on with what a call gives: at once, unless it gives a promise. What `take` throws is no failure of the call.
 *
 * @param fail what the call throws or rejects with
 */
export function settle<T, R>(
  call: () => T | Promise<T>,
  take: (value: T) => R | Promise<R>,
  fail: (error: unknown) => R | Promise<R>,
): R | Promise<R> {
  let found: T | Promise<T>;
  try {
    found = call();
  } catch (error) {
    return fail(error);
  }
  return isThenable(found) ? (found as Promise<T>).then(take, fail) : take(found as T);
}

/** Any thenable: a promise that was not awaited is no value. */
export function isThenable(found: unknown): found is PromiseLike<unknown> {
  return typeof (found as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/** Waits for all of them, so that no later failure goes unhandled. Rejects as the first of them that did. */
export async function settleAll<T>(all: readonly (T | Promise<T>)[]): Promise<T[]> {
  const settled = await Promise.allSettled(all);
  return settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value as T;
  });
}
