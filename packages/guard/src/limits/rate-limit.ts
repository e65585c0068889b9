import { createHmac } from 'node:crypto';
import { checkOptions, createBoundedCache, type OptionRules, optionRules } from '../core/internal.ts';
import { addressOf, networksOf } from './addresses.ts';
import { type RateLimitHits, type RateLimitStore, STORE } from './options.ts';

/**
 * Counts in the memory of this process.
 *
 * @param maxKeys with more, the window that was counted in least recently is forgotten
 */
export function createMemoryRateLimitStore(
  maxKeys = 50_000,
  clock: () => number = () => Date.now(),
): { increment(key: string, windowMs: number): RateLimitHits } {
  const windows = createBoundedCache<{ totalHits: number; readonly until: number }>(maxKeys);
  return {
    increment(key, windowMs) {
      const now = clock();
      let window = windows.get(key);
      if (window === undefined || window.until <= now) {
        window = { totalHits: 0, until: now + windowMs };
        windows.set(key, window);
      }
      window.totalHits++;
      return { totalHits: window.totalHits, resetMs: window.until - now };
    },
  };
}

/** Options of {@link createRateLimit}. */
export interface RateLimitOptions {
  /** Limits of one name count together. */
  readonly name: string;
  /** Most in a minute from one address; 0: no limit. */
  readonly limit: number;
  /** Default: the memory of this process. */
  readonly store?: RateLimitStore | undefined;
  /** Names and addresses are hashed with it before they are counted: the same in all processes that share a store. */
  readonly secret: string;
}

/** The state of a limit after a count. */
export interface RateLimitState {
  /** This one is too many. */
  readonly isExceeded: boolean;
  /** For the answer: `RateLimit-Limit`, `-Remaining`, `-Reset` in seconds, and `Retry-After` if the limit is exceeded. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Counts one more. While the store does not answer, this process counts alone.
 *
 * @param address as the framework says, with or without a port; all unknown addresses count together
 * @param of what those that are counted have in common besides the address. Default: nothing
 * @returns `undefined` if the limit is 0
 */
export type RateLimit = (address: string | undefined, of?: string) => Promise<RateLimitState | undefined>;

const WINDOW_MS = 60_000;

const RULES = {
  name: optionRules.required(optionRules.string('must be a name', "'sign-up'")),
  limit: optionRules.required(optionRules.whole(0, 1_000_000, 0)),
  store: STORE,
  secret: optionRules.required(optionRules.string('must be a secret', "'…'")),
} satisfies OptionRules<RateLimitOptions>;

/**
 * A limit by where requests come from. Of the networks an address is in ({@link networksOf}) the one with the most requests
 * counts; the widest is asked first, so a client with a whole network leaves one key, not one for each part.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const limit = createRateLimit({ name: 'sign-up', limit: 20, secret: process.env.LIMIT_SECRET ?? '' });
 * const state = await limit(request.ip);
 * if (state?.isExceeded) return response.status(429).set(state.headers).json({ detail: 'Too many sign-ups' });
 */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  checkOptions('createRateLimit', options, RULES);
  const { name, limit, store, secret } = options;
  const own = createMemoryRateLimitStore();
  const toKey = (network: string, of: string | undefined): string =>
    createHmac('sha256', secret)
      .update(JSON.stringify(['keycloak-guard limit', name, network, of]))
      .digest('base64url')
      .slice(0, 22);

  async function count(key: string): Promise<RateLimitHits> {
    try {
      const hits: Partial<RateLimitHits> = await (store ?? own).increment(key, WINDOW_MS);
      if (Number.isFinite(hits.totalHits) && Number.isFinite(hits.resetMs)) return hits as RateLimitHits;
    } catch {}
    // It does not answer, or it is a store of another kind.
    return own.increment(key, WINDOW_MS);
  }

  return async (address, of) => {
    if (limit === 0) return undefined;
    let most = 0;
    let state: RateLimitState | undefined;
    for (const network of networksOf(addressOf(address))) {
      const { totalHits, resetMs } = await count(toKey(network, of));
      if (totalHits <= most) continue;
      most = totalHits;
      const seconds = String(Math.max(1, Math.ceil(resetMs / 1000)));
      const isExceeded = totalHits > limit;
      state = {
        isExceeded,
        headers: {
          'ratelimit-limit': String(limit),
          'ratelimit-remaining': String(Math.max(0, limit - totalHits)),
          'ratelimit-reset': seconds,
          ...(isExceeded && { 'retry-after': seconds }),
        },
      };
      if (isExceeded) return state;
    }
    return state;
  };
}
