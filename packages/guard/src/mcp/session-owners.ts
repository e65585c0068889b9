/** Whose the sessions of MCP clients are (`Mcp-Session-Id`). */
export interface SessionOwners {
  /** An id was given out. Whose it is at first, it stays. */
  give(id: string, owner: string): void;
  /**
   * Whether an id was given to them. One that was never given out here, or was forgotten, is nobody's: the server behind may
   * know it all the same, and whoever found it in a log would be let in.
   */
  isFor(id: string, owner: string): boolean;
  /** The session has ended. */
  drop(id: string): void;
  readonly size: number;
}

interface Held {
  readonly owner: string;
  usedAt: number;
}

/** More than one person has open. Who has more loses what they did not use for longest, and nobody else does. */
const MOST_OF_ONE = 1_000;
const MOST = 100_000;
/** A session that was not used for so long counts as ended. Unit: milliseconds. */
const IDLE_MS = 24 * 60 * 60 * 1000;

/** @param clock time now; unit: milliseconds */
export function createSessionOwners(
  clock: () => number,
  most = MOST,
  mostOfOne = MOST_OF_ONE,
): SessionOwners {
  /** What was used longest ago comes first. */
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
    give(id, owner) {
      const one = find(id);
      if (one === undefined || one.owner === owner) use(id, owner);
    },
    isFor(id, owner) {
      if (find(id)?.owner !== owner) return false;
      use(id, owner);
      return true;
    },
    drop,
    get size() {
      return held.size;
    },
  };
}
