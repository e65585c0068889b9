import { getOrMake } from '../runtime/cache.ts';
import type { Notice } from '../runtime/notice.ts';
import {
  assertRememberSeconds,
  MAX_REVOCATIONS,
  REMEMBER_SECONDS,
  type Revocation,
} from './revocation-log.ts';

/** Most proofs that are remembered at once, about 100 bytes each. */
export const MAX_PROOFS = 500_000;

/**
 * Remembers ids that are valid once, in the order of their first use, until they expire.
 *
 * @param clock Unit: milliseconds since 1970
 * @param whenFull `forget` the oldest for a new one, or `refuse` the new one: where forgetting would let an attacker who
 *   floods the memory use an id again
 * @returns true at the first use of an id, until `expiresAt` (seconds since 1970) false
 * @throws {RangeError} (the function that it returns) if it is full, with `refuse`
 */
export function createUsedIds(
  clock: () => number,
  most: number,
  whenFull: 'forget' | 'refuse',
): (id: string, expiresAt: number) => boolean {
  const used = new Map<string, number>();

  return (id, expiresAt) => {
    const now = clock() / 1000;
    // First: the repetition of an id makes no other one leave.
    if ((used.get(id) ?? 0) > now) return false;
    for (const [old, until] of used) {
      if (until > now && (whenFull === 'refuse' || used.size < most)) break;
      used.delete(old);
    }
    if (used.size >= most) throw new RangeError(`${most} ids are remembered, and there is no room for more`);
    used.delete(id);
    used.set(id, expiresAt);
    return true;
  };
}

/** Values that one of several processes may change, as long as it has the lease of their name. */
export interface Leases {
  /**
   * Takes the lease, or keeps it, for `ttlMs`.
   *
   * @param holder a name that no other process has
   * @returns the value saved last, `null` if there is none; `undefined` if another process has the lease
   */
  take(name: string, holder: string, ttlMs: number): Promise<string | null | undefined>;
  /** Resolves to false if this process has the lease no more: then nothing is saved. */
  save(name: string, holder: string, value: string): Promise<boolean>;
  leave(name: string, holder: string): Promise<void>;
}

interface Lease {
  readonly holder: string;
  /** By a monotonic clock. Unit: milliseconds. */
  readonly until: number;
}

/** Leases for those who share this memory. */
export function createMemoryLeases(clock: () => number = () => performance.now()): Leases {
  const leases = new Map<string, Lease>();
  const values = new Map<string, string>();
  const isOf = (name: string, holder: string): boolean => {
    const lease = leases.get(name);
    return lease?.holder === holder && clock() < lease.until;
  };

  return {
    async take(name, holder, ttlMs) {
      const lease = leases.get(name);
      if (lease !== undefined && lease.holder !== holder && clock() < lease.until) return undefined;
      leases.set(name, { holder, until: clock() + ttlMs });
      return values.get(name) ?? null;
    },
    async save(name, holder, value) {
      if (!isOf(name, holder)) return false;
      values.set(name, value);
      return true;
    },
    async leave(name, holder) {
      if (isOf(name, holder)) leases.delete(name);
    },
  };
}

/** How a store is connected to other processes, for `health` and metrics. `undefined`: nothing is shared. */
export interface StoreStatus {
  /** Whether the others can be told at the moment. */
  readonly isConnected?: boolean | undefined;
  /** Revocations of this process that the others do not know yet. */
  readonly waiting?: number | undefined;
  /** Time from the last revocation in another process until its arrival here. Unit: seconds. */
  readonly lagSeconds?: number | undefined;
}

/**
 * Shares revocations between processes. Memory by default; a store that outlives the process and is seen by
 * others makes a logout count in every replica.
 */
export interface RevocationStore extends StoreStatus {
  /**
   * How long a revocation is kept, here and in every verifier with this store: no shorter than access tokens live. Unit:
   * seconds. Default 86,400, a day.
   */
  readonly rememberSeconds?: number | undefined;
  /** False until this process has learnt what the others know: until then it is not ready (`health`). Default true. */
  readonly isCaughtUp?: boolean | undefined;
  /** Resolves when every other process will get it; rejects when that cannot be promised. */
  add(revocation: Revocation): Promise<void>;
  /**
   * Calls `listener` for every revocation that is still in force and for every later one, from any
   * process. Returns a function that ends it.
   */
  subscribe(listener: (revocation: Revocation) => void): () => void;
  /**
   * Resolves to true the first time an id is used, to false after that (a logout token is good once).
   *
   * @param expiresAt the id may be forgotten after that. Unit: seconds since 1970
   */
  useOnce(id: string, expiresAt: number): Promise<boolean>;
  /**
   * The same for a DPoP proof (RFC 9449 §11.1), one for each request; needed if `dpop` is on. None may
   * be forgotten before its time: if the store is full, or does not know whether another process used it, it
   * rejects.
   *
   * @param id 22 characters of base64url
   * @param expiresAt Unit: seconds since 1970
   */
  useProofOnce?(id: string, expiresAt: number): Promise<boolean>;
  /** Resolves when this process knows what the others know, or after `timeoutMs`. Default: it always does. */
  whenCaughtUp?(timeoutMs: number): Promise<void>;
  /** Lets one process at a time report changes of users to the application. Without it, each process does. */
  readonly leases?: Leases | undefined;
}

/** A store that can hold DPoP proofs. */
export type ProofStore = RevocationStore & Required<Pick<RevocationStore, 'useProofOnce'>>;

/**
 * A store for one process: every verifier in it gets the revocations, which end with the process.
 *
 * @param clock time now. Unit: milliseconds since 1970. Default `Date.now`
 * @param rememberSeconds how long a revocation is kept: no shorter than access tokens live. Default a day
 * @throws {RangeError} unless `rememberSeconds` is a positive number
 * @example
 * const revocationStore = createMemoryRevocationStore();
 * const verifiers = apis.map((api) => createVerifier({ ...api, revocationStore }));
 */
export function createMemoryRevocationStore(
  clock: () => number = () => Date.now(),
  rememberSeconds: number = REMEMBER_SECONDS,
): ProofStore {
  assertRememberSeconds(rememberSeconds);
  const listeners = new Set<(revocation: Revocation) => void>();
  const useOnce = createUsedIds(clock, MAX_REVOCATIONS, 'forget');
  const useProofOnce = createUsedIds(clock, MAX_PROOFS, 'refuse');

  return {
    rememberSeconds,
    leases: createMemoryLeases(),
    async add(revocation) {
      for (const listener of listeners) listener(revocation);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    useOnce: async (id, expiresAt) => useOnce(id, expiresAt),
    useProofOnce: async (id, expiresAt) => useProofOnce(id, expiresAt),
  };
}

/** A store that does not answer keeps the first tokens waiting, but not for ever. Unit: milliseconds. */
const LONGEST_WAIT_MS = 3_000;

/** Waits until revocations from before the start are loaded. */
export function createCatchUp(store: RevocationStore) {
  const waits = new Set<Promise<void>>();
  let isBegun = false;

  function hold(until: Promise<void>): void {
    const settled = until.catch(() => {});
    waits.add(settled);
    void settled.then(() => waits.delete(settled));
  }

  return {
    /** `undefined` once they are. */
    whenDone(): Promise<unknown> | undefined {
      if (!isBegun) {
        isBegun = true;
        if (store.whenCaughtUp) hold(store.whenCaughtUp(LONGEST_WAIT_MS));
      }
      return waits.size === 0 ? undefined : Promise.all(waits);
    },
    /** New tokens wait for this as well. */
    hold,
  };
}

/** A verifier of a store: where its realm is, and whether the options say what its issuer is. */
interface RealmIdentity {
  readonly baseUrl: string;
  readonly isPinned: boolean;
}

/** The first verifier of each issuer, by store. */
const first = new WeakMap<RevocationStore, Map<string, RealmIdentity>>();

/**
 * Warns if realms at two addresses name one issuer, and their verifiers share a store: what the one revokes is revoked for the
 * other. Without the option `issuer`, each Keycloak says itself what its issuer is, and could name another one's.
 *
 * @returns takes the issuer of the verifier, as often as it is known
 */
export function createSharedIssuerCheck(
  store: RevocationStore,
  realm: RealmIdentity,
  onNotice: (notice: Notice) => void,
): (issuer: string) => void {
  let seen: string | undefined;
  return (issuer) => {
    if (issuer === seen) return;
    seen = issuer;
    const issuers = getOrMake(first, store, () => new Map<string, RealmIdentity>());
    const other = getOrMake(issuers, issuer, () => realm);
    if (other.baseUrl === realm.baseUrl || (other.isPinned && realm.isPinned)) return;
    onNotice({
      level: 'warn',
      code: 'issuer_conflict',
      message: `${other.baseUrl} and ${realm.baseUrl} both say that they are ${issuer}, and share a revocation store: each can end the sessions of the other`,
      fix: 'Set the option issuer of both verifiers, or give each a store',
    });
  };
}
