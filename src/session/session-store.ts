/**
 * Where sessions are kept. A store knows nothing of what it keeps: keys are hashes of session ids, values are
 * encrypted. One suite of tests holds for all stores; run it over your own as well.
 *
 * Every method rejects when the store cannot be reached; requests with a session then get 503.
 */
export interface SessionStore {
  /** The value, or `null` when there is none or its time is over. */
  get(key: string): Promise<string | null>;
  /** @param ttlMs after that the value is gone. Unit: milliseconds */
  create(key: string, value: string, ttlMs: number): Promise<void>;
  /** Like `create`, but only where there is a value: a session that ended must not come back. False: there is none. */
  replace(key: string, value: string, ttlMs: number): Promise<boolean>;
  /** Gives a value a new time to live. */
  touch(key: string, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * Takes a lock that all processes see; it ends by itself after `ttlMs`. Resolves to a function that gives it back,
   * or to `null` when another one has it.
   */
  lock(key: string, ttlMs: number): Promise<(() => Promise<void>) | null>;
  close(): Promise<void>;
}
