import {
  type BoundedCache,
  checkOptions,
  createBoundedCache,
  getOrMake,
  type OptionRules,
  optionRules,
} from '../../core/internal.ts';

/** A group of values with a bound. */
export interface SessionGroup {
  readonly key: string;
  /** Beyond this many, the oldest go. */
  readonly most: number;
  /** How long the store keeps the group. Unit: milliseconds. */
  readonly ttlMs: number;
}

/** How the keys of a tenant's sessions begin: a tenant that has many pushes out its own alone. */
export const toTenantPrefix = (tenant: string): string => `${encodeURIComponent(tenant)}/`;

/** The tenant of a key, as {@link toTenantPrefix} wrote it; empty where there are none. */
const tenantOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf('/')));

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

/** Options of {@link createMemorySessionStore}. */
export interface MemorySessionStoreOptions {
  /**
   * Most sessions kept, about 6 KiB each, and together no more than 16 KiB for each; beyond that the one used least recently ends: of
   * the tenant that has most. Default 10,000.
   */
  readonly maxSessions?: number | undefined;
  /** Time now. Unit: milliseconds since 1970. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

const RULES: OptionRules<MemorySessionStoreOptions> = {
  maxSessions: optionRules.whole(1, 10_000_000, 10_000),
  clock: optionRules.CLOCK,
};

/** Average size of a session. Unit: characters. */
const AVERAGE_SIZE = 16_384;

interface StoredValue {
  readonly value: string;
  until: number;
}

/** The sessions of one tenant, in the order of their use. */
interface TenantValues {
  readonly values: BoundedCache<readonly [key: string, stored: StoredValue]>;
  size: number;
}

/** Values by key. If it is full, the least recently used go of the tenant that has most. */
function createTenantValues(most: number) {
  const tenants = new Map<string, TenantValues>();
  let size = 0;
  let count = 0;

  function remove(key: string): void {
    const name = tenantOf(key);
    const tenant = tenants.get(name);
    const entry = tenant?.values.get(key);
    if (tenant === undefined || entry === undefined) return;
    tenant.values.delete(key);
    tenant.size -= entry[1].value.length;
    size -= entry[1].value.length;
    count--;
    if (tenant.values.size === 0) tenants.delete(name);
  }

  function removeOne(): void {
    let largest: TenantValues | undefined;
    for (const one of tenants.values()) if (largest === undefined || one.size > largest.size) largest = one;
    const [key] = largest?.values.oldest() ?? [];
    if (key !== undefined) remove(key);
  }

  return {
    get: (key: string): StoredValue | undefined => tenants.get(tenantOf(key))?.values.get(key)?.[1],
    set(key: string, stored: StoredValue): void {
      remove(key);
      const tenant = getOrMake(tenants, tenantOf(key), () => ({
        values: createBoundedCache(most + 1),
        size: 0,
      }));
      tenant.values.set(key, [key, stored]);
      tenant.size += stored.value.length;
      size += stored.value.length;
      count++;
      while (count > most || (size > most * AVERAGE_SIZE && count > 1)) removeOne();
    },
    delete: remove,
    clear(): void {
      tenants.clear();
      size = 0;
      count = 0;
    },
  };
}

/** The same in each copy of this package: an application may have it as an ES module and as CommonJS. */
const IN_MEMORY = Symbol.for('keycloak-guard.in-memory');

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
  const clock = options.clock ?? (() => Date.now());
  const most = options.maxSessions ?? 10_000;
  const values = createTenantValues(most);
  const groups = createBoundedCache<readonly string[]>(most);
  const locks = new Map<string, { until: number }>();

  function find(key: string) {
    const entry = values.get(key);
    if (entry !== undefined && clock() < entry.until) return entry;
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
      const entry = find(key);
      if (entry === undefined) return false;
      values.set(key, { ...entry, value });
      return true;
    },
    async touch(key, ttlMs) {
      const entry = find(key);
      if (entry !== undefined) entry.until = clock() + ttlMs;
    },
    async remaining(key) {
      const entry = find(key);
      return entry === undefined ? null : entry.until - clock();
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
