import { LRUCache } from 'lru-cache';

/** How often logins failed of late, by the network they came from. Bounded, in this process alone. */
export interface FailedLogins {
  /** A whole number. Each failure counts half after a minute, a quarter after two: a typo is soon forgotten. */
  of(network: string): number;
  add(network: string): void;
}

const HALF_LIFE_MS = 60_000;
const MAX_NETWORKS = 50_000;

/** @param now unit: milliseconds, never set back */
export function createFailedLogins(now: () => number = () => performance.now()): FailedLogins {
  const counts = new LRUCache<string, { readonly count: number; readonly at: number }>({ max: MAX_NETWORKS });

  function left(network: string): number {
    const known = counts.get(network);
    return known === undefined ? 0 : known.count * 0.5 ** ((now() - known.at) / HALF_LIFE_MS);
  }

  return {
    of: (network) => Math.round(left(network)),
    add(network) {
      counts.set(network, { count: left(network) + 1, at: now() });
    },
  };
}

/** The address itself or, for IPv6, the 64 bits that a household or a server has all addresses of. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
