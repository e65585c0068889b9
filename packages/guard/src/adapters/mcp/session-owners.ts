/** Who owns which session of an MCP client (`Mcp-Session-Id`). */
export type SessionOwners = ReturnType<typeof createSessionOwners>;

interface Held {
  readonly owner: string;
  usedAt: number;
}

/** No person has so many sessions open. Beyond it, a person loses the least recently used of their own, nobody else's. */
const MOST_OF_ONE = 1_000;
const MOST = 100_000;
/** An unused session counts as ended after this. Unit: milliseconds. */
const IDLE_MS = 24 * 60 * 60 * 1000;

/** @param clock returns the time in milliseconds since 1970 */
export function createSessionOwners(clock: () => number, most = MOST, mostOfOne = MOST_OF_ONE) {
  /** Least recently used first. */
  const held = new Map<string, Held>();
  const ofOwner = new Map<string, Set<string>>();

  function drop(id: string): void {
    const one = held.get(id);
    if (one === undefined) return;
    held.delete(id);
    const ids = ofOwner.get(one.owner);
    ids?.delete(id);
    if (ids?.size === 0) ofOwner.delete(one.owner);
  }

  function find(id: string): Held | undefined {
    const one = held.get(id);
    if (one === undefined || clock() - one.usedAt < IDLE_MS) return one;
    drop(id);
    return undefined;
  }

  function use(id: string, owner: string): void {
    const ids = ofOwner.get(owner) ?? new Set();
    ofOwner.set(owner, ids);
    ids.delete(id);
    ids.add(id);
    held.delete(id);
    held.set(id, { owner, usedAt: clock() });
    if (ids.size > mostOfOne) drop(ids.values().next().value as string);
    if (held.size > most) drop(held.keys().next().value as string);
  }

  return {
    /** Records the owner of a new session. An id keeps its first owner. */
    give(id: string, owner: string): void {
      const one = find(id);
      if (one === undefined || one.owner === owner) use(id, owner);
    },
    /**
     * Whether the id was given to this owner. An id that was never given out here, or was forgotten, is nobody's: the MCP server
     * may still know it, and would let in whoever found it in a log.
     */
    isFor(id: string, owner: string): boolean {
      if (find(id)?.owner !== owner) return false;
      use(id, owner);
      return true;
    },
    /** The session has ended. */
    drop,
    get size(): number {
      return held.size;
    },
  };
}
