/** Called with an error, or with `null` and a result, in place of a promise. */
export type Callback<T> = (error: Error | null, result?: T) => void;

/** Answers by the callback if there is one. The promise then resolves to nothing and never rejects. */
export function answer<T>(promise: Promise<T>, callback: unknown): Promise<T> {
  if (typeof callback !== 'function') return promise;
  const call = callback as Callback<T>;
  return promise.then(
    (result) => call(null, result),
    (error) => call(error),
  ) as Promise<never>;
}
