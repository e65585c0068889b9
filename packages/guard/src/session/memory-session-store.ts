import { checkOptions, createBoundedCache, type OptionRules, optionRules } from '../core/internal.ts';
import type { SessionGroup, SessionStore } from './session-store.ts';

/** Options of {@link createMemorySessionStore}. */
export interface MemorySessionStoreOptions {
  /** Most sessions kept; beyond that the one used least recently ends. About 6 KiB each. Default 10,000. */
  readonly maxSessions?: number | undefined;
  /** Time now. Unit: milliseconds since 1970. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

const RULES: OptionRules<MemorySessionStoreOptions> = {
  maxSessions: optionRules.whole(1, 10_000_000, 10_000),
  clock: optionRules.CLOCK,
};

/** The same in each copy of this package: an application may have it as an ES module and as CommonJS. */
const IN_MEMORY = Symbol.for('keycloak-guard.in-memory');

/** Whether the store is local to this process. */
export function isInMemory(store: SessionStore): boolean {
  return IN_MEMORY in store;
}

/**
 * Sessions in this process: for development. They end with it, and no other process sees them.
 *
 * @throws {OptionsError} naming every option that is wrong or unknown
 * @example
 * const store = createMemorySessionStore({ maxSessions: 1_000 });
 */
export function createMemorySessionStore(options: MemorySessionStoreOptions = {}): SessionStore {
  checkOptions('createMemorySessionStore', options, RULES);
  const clock = options.clock ?? Date.now;
  const most = options.maxSessions ?? 10_000;
  const values = createBoundedCache<{ value: string; until: number }>(most);
  const groups = createBoundedCache<readonly string[]>(most);
  const locks = new Map<string, { until: number }>();

  function find(key: string) {
    const found = values.get(key);
    if (found !== undefined && clock() < found.until) return found;
    values.delete(key);
    return undefined;
  }

  /** One more of a group; the oldest of too many go. Returns how many. */
  function join(key: string, group: SessionGroup): number {
    const alive = [...(groups.get(group.key) ?? []).filter((other) => find(other) !== undefined), key];
    const ended = alive.slice(0, -group.most);
    for (const old of ended) values.delete(old);
    groups.set(group.key, alive.slice(-group.most));
    return ended.length;
  }

  const store: SessionStore = {
    async get(key) {
      return find(key)?.value ?? null;
    },
    async create(key, value, ttlMs, group) {
      values.set(key, { value, until: clock() + ttlMs });
      return group === undefined ? 0 : join(key, group);
    },
    async replace(key, value) {
      const found = find(key);
      if (found === undefined) return false;
      values.set(key, { ...found, value });
      return true;
    },
    async touch(key, ttlMs) {
      const found = find(key);
      if (found !== undefined) found.until = clock() + ttlMs;
    },
    async remaining(key) {
      const found = find(key);
      return found === undefined ? null : found.until - clock();
    },
    async delete(key) {
      values.delete(key);
    },
    async lock(key, ttlMs) {
      const now = clock();
      if ((locks.get(key)?.until ?? 0) > now) return null;
      const mine = { until: now + ttlMs };
      locks.set(key, mine);
      return async () => {
        if (locks.get(key) === mine) locks.delete(key);
      };
    },
    async close() {
      values.clear();
      groups.clear();
    },
  };
  return Object.assign(store, { [IN_MEMORY]: true });
}
