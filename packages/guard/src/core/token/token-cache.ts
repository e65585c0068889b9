export interface CachedToken {
  readonly token: string;
  /** Of the token, and of what Keycloak has said about it. Changed by `resize` alone. Unit: characters. */
  size: number;
  /** Unit: milliseconds since 1970. */
  readonly expiresAt: number;
  /** It was asked for since the cache last looked for one to forget. */
  wasUsed: boolean;
}

/** Keycloak's tokens have 1,000 to 4,000 characters. The realm of one tenant may say as much as an answer holds. */
const AVERAGE_SIZE = 4_096;

/**
 * Valid tokens, each with its data, in bounded number and size; one that was not used for long goes first. Of 0 it keeps none.
 *
 * Finds a token in as few steps as there can be: of a thousand realms, each step is one to slow memory. Which one to forget is
 * found as operating systems find pages (second chance): a look-up changes nothing but a mark.
 */
export class TokenCache<T extends CachedToken> {
  readonly #entries = new Map<number, T>();
  readonly #most: number;
  /** Of all together. */
  #size = 0;
  #hand: Iterator<T> = [][Symbol.iterator]();

  constructor(most: number) {
    this.#most = most;
  }

  get(token: string): T | undefined {
    const entry = this.#entries.get(keyOf(token));
    if (entry === undefined || entry.token !== token) return undefined;
    entry.wasUsed = true;
    return entry;
  }

  /** @param now Unit: milliseconds since 1970 */
  set(entry: T, now: number): void {
    if (this.#most === 0) return;
    // At most two for each token that comes: so what has expired does not stay until the cache is full.
    for (let i = 0; i < 2; i++) {
      const next = this.#next();
      if (next !== undefined && next.expiresAt <= now) this.delete(next.token);
    }
    const key = keyOf(entry.token);
    this.#remove(key);
    const isFull = () =>
      this.#entries.size >= this.#most || this.#size + entry.size > this.#most * AVERAGE_SIZE;
    while (this.#entries.size > 0 && isFull()) {
      const next = this.#next() as T;
      if (!next.wasUsed) this.delete(next.token);
      next.wasUsed = false;
    }
    this.#entries.set(key, entry);
    this.#size += entry.size;
  }

  /** @param now Unit: milliseconds since 1970 */
  resize(entry: T, size: number, now: number): void {
    const key = keyOf(entry.token);
    const isKept = this.#entries.get(key) === entry;
    if (isKept) this.#remove(key);
    entry.size = size;
    if (isKept) this.set(entry, now);
  }

  delete(token: string): void {
    if (this.get(token) !== undefined) this.#remove(keyOf(token));
  }

  #remove(key: number): void {
    this.#size -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Goes round and round. */
  #next(): T | undefined {
    const { value, done } = this.#hand.next();
    if (done !== true) return value;
    this.#hand = this.#entries.values();
    return this.#hand.next().value;
  }
}

/**
 * Of the end of the signature, which no attacker can choose. The whole token is compared after the look-up: two tokens with one
 * key cost a verification, never a mistake.
 */
function keyOf(token: string): number {
  let key = 0;
  for (let at = token.length - 9; at < token.length - 1; at++) {
    key = Math.imul(key ^ token.charCodeAt(at), 0x01000193);
  }
  // A number that V8 keeps without an object.
  return key >>> 2;
}
