/** Values that one of several processes may change, as long as it has the lease of their name. */
export interface Leases {
  /**
   * Takes the lease, or keeps it, for `ttlMs`.
   *
   * @param holder a name that no other process has
   * @returns the value saved last, `null` if there is none; `undefined` if another process has the lease
   */
  take(name: string, holder: string, ttlMs: number): Promise<string | null | undefined>;
  /** Resolves to false if this process has the lease no more: then nothing is saved. */
  save(name: string, holder: string, value: string): Promise<boolean>;
  leave(name: string, holder: string): Promise<void>;
}

interface Lease {
  readonly holder: string;
  /** By a monotonic clock. Unit: milliseconds. */
  readonly until: number;
}

/** Leases for those who share this memory. */
export function createMemoryLeases(clock: () => number = () => performance.now()): Leases {
  const leases = new Map<string, Lease>();
  const values = new Map<string, string>();
  const isOf = (name: string, holder: string): boolean => {
    const lease = leases.get(name);
    return lease?.holder === holder && clock() < lease.until;
  };

  return {
    async take(name, holder, ttlMs) {
      const lease = leases.get(name);
      if (lease !== undefined && lease.holder !== holder && clock() < lease.until) return undefined;
      leases.set(name, { holder, until: clock() + ttlMs });
      return values.get(name) ?? null;
    },
    async save(name, holder, value) {
      if (!isOf(name, holder)) return false;
      values.set(name, value);
      return true;
    },
    async leave(name, holder) {
      if (isOf(name, holder)) leases.delete(name);
    },
  };
}
