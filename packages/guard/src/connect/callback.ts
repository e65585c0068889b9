/** What takes the place of a promise: an error, or else a result. */
export type Callback<T> = (error: Error | null, result?: T) => void;

/** Answers by a callback where one was given. The promise then resolves to nothing, and never rejects. */
export function answer<T>(promise: Promise<T>, callback: unknown): Promise<T> {
  if (typeof callback !== 'function') return promise;
  const call = callback as Callback<T>;
  return promise.then(
    (result) => call(null, result),
    (error) => call(error),
  ) as Promise<never>;
}
