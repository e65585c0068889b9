import {
  type BoundedCache,
  checkOptions,
  createBoundedCache,
  getOrMake,
  type OptionRules,
  optionRules,
} from '../core/internal.ts';
import { roomOf, type SessionGroup, type SessionStore } from './session-store.ts';

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

/** What a session may have on average. Unit: characters. */
const ROOM_OF_ONE = 16_384;

interface Kept {
  readonly value: string;
  until: number;
}

/** The sessions of one tenant, in the order of their use. */
interface Room {
  readonly kept: BoundedCache<readonly [key: string, kept: Kept]>;
  size: number;
}

/** Values by key. If it is full, those go that were used least recently in the room that has most. */
function createRooms(most: number) {
  const rooms = new Map<string, Room>();
  let size = 0;
  let count = 0;

  function remove(key: string): void {
    const name = roomOf(key);
    const room = rooms.get(name);
    const found = room?.kept.get(key);
    if (room === undefined || found === undefined) return;
    room.kept.delete(key);
    room.size -= found[1].value.length;
    size -= found[1].value.length;
    count--;
    if (room.kept.size === 0) rooms.delete(name);
  }

  function removeOne(): void {
    let largest: Room | undefined;
    for (const room of rooms.values()) if (largest === undefined || room.size > largest.size) largest = room;
    const [key] = largest?.kept.oldest() ?? [];
    if (key !== undefined) remove(key);
  }

  return {
    get: (key: string): Kept | undefined => rooms.get(roomOf(key))?.kept.get(key)?.[1],
    set(key: string, kept: Kept): void {
      remove(key);
      const room = getOrMake(rooms, roomOf(key), () => ({ kept: createBoundedCache(most + 1), size: 0 }));
      room.kept.set(key, [key, kept]);
      room.size += kept.value.length;
      size += kept.value.length;
      count++;
      while (count > most || (size > most * ROOM_OF_ONE && count > 1)) removeOne();
    },
    delete: remove,
    clear(): void {
      rooms.clear();
      size = 0;
      count = 0;
    },
  };
}

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
  const values = createRooms(most);
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
