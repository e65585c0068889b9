import { LRUCache } from 'lru-cache';

/** How often logins failed lately, by the network they came from. Bounded, in this process alone. */
export type FailedLogins = ReturnType<typeof createFailedLogins>;

const HALF_LIFE_MS = 60_000;
const MAX_NETWORKS = 50_000;

/** @param now unit: milliseconds, never set back */
export function createFailedLogins(now: () => number = () => performance.now()) {
  // It takes room for all of them at once, which a service without failures does not need.
  let counts: LRUCache<string, { readonly count: number; readonly at: number }> | undefined;

  function left(network: string): number {
    const known = counts?.get(network);
    return known === undefined ? 0 : known.count * 0.5 ** ((now() - known.at) / HALF_LIFE_MS);
  }

  return {
    /** A whole number. Each failure counts half after a minute, a quarter after two: a typo is soon forgotten. */
    of: (network: string): number => Math.round(left(network)),
    add(network: string): void {
      counts ??= new LRUCache({ max: MAX_NETWORKS });
      counts.set(network, { count: left(network) + 1, at: now() });
    },
  };
}
