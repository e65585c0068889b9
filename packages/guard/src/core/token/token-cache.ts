import { type BoundedCache, createBoundedCache } from '../runtime/bounded-cache.ts';

export interface CachedToken {
  readonly token: string;
  /** Unit: milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Valid tokens, each with its data. */
export interface TokenCache<T extends CachedToken> {
  get(token: string): T | undefined;
  /** @param now Unit: milliseconds since 1970 */
  set(entry: T, now: number): void;
  delete(token: string): void;
  readonly size: number;
}

/**
 * 43 characters of base64url are 256 bits: the end of the signature, which no attacker can choose. The whole token is
 * compared after the look-up, so a chance match costs a verification, never a mistake.
 */
const TAIL = 43;

/** Bounded by `maxEntries`; the token used least recently goes first. 0 keeps nothing. */
export function createTokenCache<T extends CachedToken>(maxEntries: number): TokenCache<T> {
  if (maxEntries === 0) {
    return { get: () => undefined, set: () => {}, delete: () => {}, size: 0 };
  }
  return new Tokens<T>(maxEntries);
}

/** A class for the reason of that of the bounded cache. */
class Tokens<T extends CachedToken> implements TokenCache<T> {
  readonly #entries: BoundedCache<T>;

  constructor(most: number) {
    this.#entries = createBoundedCache<T>(most);
  }

  get(token: string): T | undefined {
    const entry = this.#entries.get(token.slice(-TAIL));
    return entry !== undefined && entry.token === token ? entry : undefined;
  }

  set(entry: T, now: number): void {
    // At most two for each token that comes: so what has expired does not stay until the cache is full.
    for (let i = 0; i < 2; i++) {
      const oldest = this.#entries.oldest();
      if (oldest === undefined || oldest.expiresAt > now) break;
      this.#entries.delete(oldest.token.slice(-TAIL));
    }
    this.#entries.set(entry.token.slice(-TAIL), entry);
  }

  delete(token: string): void {
    this.#entries.delete(token.slice(-TAIL));
  }

  get size(): number {
    return this.#entries.size;
  }
}
