import { createIdMemory } from './id-memory.ts';
import { createMemoryLeases, type Leases } from './leases.ts';
import { createProofMemory } from './proof-memory.ts';
import { assertRememberSeconds, REMEMBER_SECONDS, type Revocation } from './revocation-log.ts';

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
  /** Resolves when every other process will hear of it; rejects when that cannot be promised. */
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
  whenKnowing?(timeoutMs: number): Promise<void>;
  /** Lets one process at a time tell the application of changes of users. Without it, each process does. */
  readonly leases?: Leases | undefined;
}

/** A store that can hold DPoP proofs. */
export type ProofStore = RevocationStore & Required<Pick<RevocationStore, 'useProofOnce'>>;

/**
 * A store for one process: every verifier in it hears of revocations, which end with the process.
 *
 * @param clock time now. Unit: milliseconds since 1970. Default `Date.now`
 * @param rememberSeconds how long a revocation is kept: no shorter than access tokens live. Default a day
 * @throws {RangeError} unless `rememberSeconds` is a positive number
 * @example
 * const revocationStore = createMemoryRevocationStore();
 * const verifiers = apis.map((api) => createVerifier({ ...api, revocationStore }));
 */
export function createMemoryRevocationStore(
  clock: () => number = Date.now,
  rememberSeconds: number = REMEMBER_SECONDS,
): ProofStore {
  assertRememberSeconds(rememberSeconds);
  const listeners = new Set<(revocation: Revocation) => void>();
  const useOnce = createIdMemory(clock);
  const useProofOnce = createProofMemory(clock);

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
