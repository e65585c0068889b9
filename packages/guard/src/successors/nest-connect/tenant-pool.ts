import { createBoundedCache } from '../../core/internal.ts';

/** What a pool needs to know of a tenant. */
export interface Pooled {
  readonly key: string;
  /** Whether it has no open connection that it must end in time. */
  isIdle(): boolean;
  close(): Promise<void>;
}

/** The tenants in memory. Callers may choose the host, and with it the realm: so their number is bounded. */
export interface TenantPool<T extends Pooled> {
  find(key: string): T | undefined;
  add(tenant: T): void;
  /** The tenant admitted a caller. Realms that requests only name do not push it out. */
  keep(tenant: T): void;
  close(): Promise<void>;
}

/** Most tenants that admitted a caller, and most that requests only named. */
const MOST_TENANTS = 100;

export function createTenantPool<T extends Pooled>(): TenantPool<T> {
  const named = createBoundedCache<T>(MOST_TENANTS);
  const used = createBoundedCache<T>(MOST_TENANTS);
  /** Pushed out, and still needed by their open connections. */
  const busy = new Map<string, T>();
  const open = new Set<T>();

  function end(tenant: T): void {
    open.delete(tenant);
    void tenant.close();
  }

  function put(cache: typeof used, tenant: T): void {
    for (const one of busy.values()) {
      if (one.isIdle() && busy.delete(one.key)) end(one);
    }
    const oldest = cache.size === MOST_TENANTS ? cache.oldest() : undefined;
    cache.set(tenant.key, tenant);
    if (oldest === undefined) return;
    if (oldest.isIdle()) end(oldest);
    else busy.set(oldest.key, oldest);
  }

  return {
    find: (key) => used.get(key) ?? busy.get(key) ?? named.get(key),
    add(tenant) {
      open.add(tenant);
      put(named, tenant);
    },
    keep(tenant) {
      if (named.get(tenant.key) !== tenant) return;
      named.delete(tenant.key);
      put(used, tenant);
    },
    async close() {
      await Promise.all([...open].map((tenant) => tenant.close()));
    },
  };
}
