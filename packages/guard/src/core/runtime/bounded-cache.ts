/** Values by key, never more than a given number of them. */
export interface BoundedCache<V> {
  /** Counts as a use of the value. */
  get(key: string): V | undefined;
  /** If it is full, the value used least recently goes. */
  set(key: string, value: V): void;
  delete(key: string): void;
  clear(): void;
  /** The value used least recently; this call does not count as a use. */
  oldest(): V | undefined;
  readonly size: number;
}

/** A link in a ring of all entries, in the order of their use. */
interface Entry<V> {
  readonly key: string;
  value: V;
  newer: Entry<V>;
  older: Entry<V>;
}

/**
 * A look-up changes four links and nothing in the map: a map in which each look-up deletes a key and sets it again, to
 * keep the order in the map itself, costs several times as much.
 *
 * @param maxEntries 1 or more
 */
export function createBoundedCache<V>(maxEntries: number): BoundedCache<V> {
  const entries = new Map<string, Entry<V>>();
  /** Between the newest and the oldest; holds nothing itself. */
  const end = { key: '' } as Entry<V>;
  end.newer = end;
  end.older = end;

  function unlink(entry: Entry<V>): void {
    entry.newer.older = entry.older;
    entry.older.newer = entry.newer;
  }

  function linkAsNewest(entry: Entry<V>): void {
    entry.newer = end;
    entry.older = end.older;
    end.older.newer = entry;
    end.older = entry;
  }

  function remove(entry: Entry<V>): void {
    unlink(entry);
    entries.delete(entry.key);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (end.older !== entry) {
        unlink(entry);
        linkAsNewest(entry);
      }
      return entry.value;
    },
    set(key, value) {
      const known = entries.get(key);
      if (known !== undefined) remove(known);
      else if (entries.size >= maxEntries) remove(end.newer);
      const entry = { key, value } as Entry<V>;
      linkAsNewest(entry);
      entries.set(key, entry);
    },
    delete(key) {
      const entry = entries.get(key);
      if (entry !== undefined) remove(entry);
    },
    clear() {
      entries.clear();
      end.newer = end;
      end.older = end;
    },
    oldest: () => end.newer.value,
    get size() {
      return entries.size;
    },
  };
}
