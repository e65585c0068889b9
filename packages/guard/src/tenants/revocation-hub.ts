import type { Revocation, RevocationStore } from '../core/index.ts';
import {
  createRevocationLog,
  getOrMake,
  REMEMBER_SECONDS,
  type RevocationLog,
  type TenantRevocations,
} from '../core/internal.ts';

/** Beyond it a tenant loses the oldest of its own, and of no other tenant. Of a shared store, as many for as long as it keeps them. */
export const MOST_OF_ONE_TENANT = 100_000;

/** The issuer of a tenant's realm, as a shared store has it: what one tenant's realm says concerns that tenant alone. */
export const toSharedIssuer = (tenant: string, issuer: string): string => JSON.stringify([tenant, issuer]);

/**
 * The revocations of many tenants: kept apart by name, and for longer than any of the verifiers lives.
 *
 * @param store where other processes share them; without one they stay in this process. What processes without tenants write into
 *   it concerns every tenant whose realm has that issuer
 */
export function createRevocationHub(store?: RevocationStore) {
  /** By shared issuer, or by the issuer alone for what processes without tenants wrote. */
  const logs = new Map<string, RevocationLog>();
  const listeners = new Map<string, Set<(revocation: Revocation) => void>>();
  /** Names of the tenants with a listener, by issuer. What comes meanwhile for the others waits in the log of the issuer. */
  const tenants = new Map<string, Set<string>>();

  const logOf = (key: string): RevocationLog =>
    getOrMake(logs, key, () => createRevocationLog(undefined, store?.rememberSeconds, MOST_OF_ONE_TENANT));

  function addTo(key: string, revocation: Revocation, isFirstHand?: boolean): boolean {
    const news = logOf(key).add(revocation, isFirstHand);
    if (news !== undefined) for (const listener of listeners.get(key) ?? []) listener(news);
    return news === revocation;
  }

  /** @param shared as the store has it */
  function receive(shared: Revocation): void {
    const [tenant, issuer] = fromSharedIssuer(shared.issuer);
    if (tenant !== undefined) {
      addTo(shared.issuer, { ...shared, issuer });
      return;
    }
    logOf(issuer).add(shared);
    for (const name of tenants.get(issuer) ?? []) addTo(toSharedIssuer(name, issuer), shared);
  }

  return {
    /** @param issuer that of its realm */
    of(tenant: string, issuer: string): TenantRevocations {
      const key = toSharedIssuer(tenant, issuer);
      for (const earlier of logs.get(issuer)?.all() ?? []) logOf(key).add(earlier);
      return {
        log: {
          add: (...added) => logOf(key).add(...added),
          get: (...parts) => logs.get(key)?.get(...parts),
          // Of this realm alone: it says itself how long its tokens live.
          keepFor(seconds) {
            if (seconds > (store?.rememberSeconds ?? REMEMBER_SECONDS)) logOf(key).keepFor(seconds);
          },
          size: () => logs.get(key)?.size() ?? 0,
        },
        add: (revocation, isFirstHand) => addTo(key, revocation, isFirstHand),
        listen(listener) {
          const own = getOrMake(listeners, key, () => new Set());
          own.add(listener);
          const names = getOrMake(tenants, issuer, () => new Set());
          names.add(tenant);
          return () => {
            own.delete(listener);
            if (own.size > 0 || listeners.get(key) !== own) return;
            listeners.delete(key);
            names.delete(tenant);
            if (names.size === 0) tenants.delete(issuer);
          };
        },
        isShared: store !== undefined,
      };
    },
    close: store?.subscribe(receive) ?? (() => {}),
  };
}

/** An issuer is a URL, which begins with no bracket. Whatever else another process wrote concerns nobody. */
function fromSharedIssuer(shared: string): [tenant: string | undefined, issuer: string] {
  try {
    const [tenant, issuer] = shared.startsWith('[') ? (JSON.parse(shared) as unknown[]) : [];
    if (typeof tenant === 'string' && typeof issuer === 'string') return [tenant, issuer];
  } catch {
    // It is nobody's issuer.
  }
  return [undefined, shared];
}
