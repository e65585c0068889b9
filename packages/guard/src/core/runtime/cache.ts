/** Values by key, never more than a given number of them. */
export type BoundedCache<V> = Ring<V>;

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
  return new Ring<V>(maxEntries);
}

/** A class: there are many of them, and objects with an accessor of their own are slow to make and to read. */
class Ring<V> {
  readonly #most: number;
  readonly #entries = new Map<string, Entry<V>>();
  /** Between the newest and the oldest; holds nothing itself. */
  readonly #end: Entry<V>;

  constructor(most: number) {
    const end = { key: '' } as Entry<V>;
    end.newer = end;
    end.older = end;
    this.#end = end;
    this.#most = most;
  }

  /** Counts as a use of the value. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#end.older !== entry) {
      unlink(entry);
      linkAsNewest(this.#end, entry);
    }
    return entry.value;
  }

  /** If it is full, the value used least recently goes. */
  set(key: string, value: V): void {
    const known = this.#entries.get(key);
    if (known !== undefined) this.#remove(known);
    else if (this.#entries.size >= this.#most) this.#remove(this.#end.newer);
    const entry = { key, value } as Entry<V>;
    linkAsNewest(this.#end, entry);
    this.#entries.set(key, entry);
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#remove(entry);
  }

  clear(): void {
    this.#entries.clear();
    this.#end.newer = this.#end;
    this.#end.older = this.#end;
  }

  /** The value used least recently; this call does not count as a use. */
  oldest(): V | undefined {
    return this.#end.newer.value;
  }

  get size(): number {
    return this.#entries.size;
  }

  #remove(entry: Entry<V>): void {
    unlink(entry);
    this.#entries.delete(entry.key);
  }
}

function unlink<V>(entry: Entry<V>): void {
  entry.newer.older = entry.older;
  entry.older.newer = entry.newer;
}

function linkAsNewest<V>(end: Entry<V>, entry: Entry<V>): void {
  entry.newer = end;
  entry.older = end.older;
  end.older.newer = entry;
  end.older = entry;
}

interface Store<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
}

/** The value of a key, made at its first use. */
export function getOrMake<K, V>(store: Store<K, V>, key: K, make: () => V): V {
  const known = store.get(key);
  if (known !== undefined) return known;
  const made = make();
  store.set(key, made);
  return made;
}

/** A function that makes one value for each object, at its first call. */
export function ofEach<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, V>();
  return (key) => getOrMake(made, key, () => make(key));
}

/** A function that does its work at the first call, and gives the same from then on. What throws is tried again. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
