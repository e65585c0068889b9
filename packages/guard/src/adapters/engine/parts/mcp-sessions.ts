interface OwnedSession {
  readonly owner: string;
  readonly tenant: string;
  usedAt: number;
}

/** No person has so many sessions open. Beyond it, a person loses the least recently used of their own, nobody else's. */
const MOST_OF_ONE = 1_000;
/** Beyond it, the tenant that has most loses its least recently used one. */
const MOST = 100_000;
/** An unused session counts as ended after this. Unit: milliseconds. */
const IDLE_MS = 24 * 60 * 60 * 1000;

/**
 * The owners of the sessions of MCP clients (`Mcp-Session-Id`).
 *
 * @param clock returns the time in milliseconds since 1970
 */
export function createSessionOwners(clock: () => number, most = MOST, mostOfOne = MOST_OF_ONE) {
  const sessions = new Map<string, OwnedSession>();
  const ofOwner = createGroups();
  const ofTenant = createGroups();

  function drop(id: string): void {
    const session = sessions.get(id);
    if (session === undefined) return;
    sessions.delete(id);
    ofOwner.remove(session.owner, id);
    ofTenant.remove(session.tenant, id);
  }

  function find(id: string): OwnedSession | undefined {
    const session = sessions.get(id);
    if (session === undefined || clock() - session.usedAt < IDLE_MS) return session;
    drop(id);
    return undefined;
  }

  function use(id: string, owner: string, tenant: string): void {
    sessions.set(id, { owner, tenant, usedAt: clock() });
    const own = ofOwner.add(owner, id);
    ofTenant.add(tenant, id);
    if (own.size > mostOfOne) drop(oldestOf(own));
    if (sessions.size > most) drop(oldestOf(ofTenant.largest()));
  }

  return {
    /** Records the owner of a new session, and the owner's tenant. An id keeps its first owner. */
    give(id: string, owner: string, tenant = ''): void {
      const session = find(id);
      if (session === undefined || session.owner === owner) use(id, owner, session?.tenant ?? tenant);
    },
    /**
     * Whether the id was given to this owner. An id that was never given out here, or was forgotten, is nobody's: the MCP server
     * may still know it, and would let in whoever found it in a log.
     */
    isFor(id: string, owner: string): boolean {
      const session = find(id);
      if (session?.owner !== owner) return false;
      use(id, owner, session.tenant);
      return true;
    },
    /** The session has ended. */
    drop,
    get size(): number {
      return sessions.size;
    },
    /** Owners and tenants that are remembered for their sessions. */
    get groups(): number {
      return ofOwner.size + ofTenant.size;
    },
  };
}

/** Ids by the name of their group, in the order of their use. */
function createGroups() {
  const groups = new Map<string, Set<string>>();
  return {
    add(name: string, id: string): ReadonlySet<string> {
      const ids = groups.get(name) ?? new Set();
      groups.set(name, ids);
      ids.delete(id);
      return ids.add(id);
    },
    remove(name: string, id: string): void {
      const ids = groups.get(name);
      ids?.delete(id);
      if (ids?.size === 0) groups.delete(name);
    },
    largest(): ReadonlySet<string> {
      let largest: ReadonlySet<string> = new Set();
      for (const ids of groups.values()) if (ids.size > largest.size) largest = ids;
      return largest;
    },
    get size(): number {
      return groups.size;
    },
  };
}

const oldestOf = (ids: ReadonlySet<string>): string => ids.values().next().value as string;
