/** A group of values with a bound. */
export interface SessionGroup {
  readonly key: string;
  /** Beyond this many, the oldest go. */
  readonly most: number;
  /** How long the store keeps the group. Unit: milliseconds. */
  readonly ttlMs: number;
}

/** How the keys of a tenant's sessions begin, where there are tenants: one that has many pushes out its own alone. */
export const toRoomPrefix = (tenant: string): string => `${encodeURIComponent(tenant)}/`;

/** The tenant of a key, as {@link toRoomPrefix} wrote it; empty where there are none. */
export const roomOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf('/')));

/**
 * Stores sessions. A store cannot read them: keys are hashes of session ids, values are
 * encrypted. Where there are tenants, the keys of each begin with its name and a slash. One suite of tests holds for all stores; run it over your own as well.
 *
 * Every method rejects when the store cannot be reached; requests with a session then get 503.
 */
export interface SessionStore {
  /** The value, or `null` when there is none or its time is over. */
  get(key: string): Promise<string | null>;
  /**
   * Resolves to how many values of the group were removed for this one. Calls for one group may be concurrent.
   *
   * @param ttlMs after that the value is gone. Unit: milliseconds
   */
  create(key: string, value: string, ttlMs: number, group?: SessionGroup): Promise<number>;
  /**
   * Another value where there is one, with the time to live that it has: a session that ended must not come back, and
   * new tokens are no use of it. False: there is none.
   */
  replace(key: string, value: string): Promise<boolean>;
  /** Gives a value a new time to live. */
  touch(key: string, ttlMs: number): Promise<void>;
  /** How long a value has to live, or `null` when there is none. Unit: milliseconds. */
  remaining(key: string): Promise<number | null>;
  delete(key: string): Promise<void>;
  /**
   * Takes a lock that all processes see; it ends by itself after `ttlMs`. Resolves to a function that gives it back,
   * or to `null` if another process holds it.
   */
  lock(key: string, ttlMs: number): Promise<(() => Promise<void>) | null>;
  close(): Promise<void>;
}
