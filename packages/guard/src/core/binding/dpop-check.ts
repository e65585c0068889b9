import { AuthError } from '../http/errors.ts';
import { PROOF_SECONDS, type ResolvedDpopOptions } from './dpop-options.ts';
import {
  createProofKeys,
  createProofNonces,
  type DpopProof,
  type ProvedRequest,
  readDpopProof,
} from './dpop-proof.ts';

/**
 * Bounds how many proofs, ids or revocations one key or realm may use at a time, so that none takes the room of all.
 *
 * Counted in windows, each as long as one is remembered: of one key, no more than twice as many are.
 *
 * @param clock Unit: milliseconds since 1970
 * @param windowSeconds Default: as long as a proof is remembered
 */
export function createBudget(most: number, clock: () => number, windowSeconds: number = PROOF_SECONDS) {
  let counts = new Map<string, number>();
  let window = Number.NaN;

  function countOf(key: string): number {
    const now = Math.floor(clock() / 1000 / windowSeconds);
    if (now !== window) {
      window = now;
      counts = new Map();
    }
    return counts.get(key) ?? 0;
  }

  return {
    isSpent: (key: string): boolean => countOf(key) >= most,
    spend(key: string): void {
      counts.set(key, countOf(key) + 1);
    },
  };
}

/** Judges DPoP proofs (RFC 9449 §4.3). */
export type DpopCheck = ReturnType<typeof createDpopCheck>;

/** A person with several keys gets as much as this many. */
const KEYS_OF_ONE_PERSON = 2;

/** @param useOnce see `RevocationStore.useProofOnce` */
export function createDpopCheck(
  options: ResolvedDpopOptions,
  useOnce: (id: string, expiresAt: number) => Promise<boolean>,
  clock: () => number,
) {
  const { nonceSecret, maxProofsPerKey } = options;
  const rules = {
    keys: createProofKeys(),
    nonces: nonceSecret === undefined ? undefined : createProofNonces(nonceSecret, clock),
  };
  const ofKey = createBudget(maxProofsPerKey, clock);
  // One account can have as many keys as it likes.
  const ofPerson = createBudget(maxProofsPerKey * KEYS_OF_ONE_PERSON, clock);

  return {
    /**
     * Everything that costs no time.
     *
     * @throws {AuthError} `dpop_proof_missing`, `dpop_proof_invalid` or `dpop_nonce_required`
     */
    read: (request: ProvedRequest): DpopProof => readDpopProof(request, rules, clock() / 1000),
    /**
     * The rest: its signature, and that it was not used before. Call it only once the token is known to be good, so that
     * nobody else can fill the memory for proofs.
     *
     * @param who the person of the token (`personOf`)
     * @throws {AuthError} (rejects with) `dpop_proof_invalid`, `dpop_proof_replayed` or `proof_store_unavailable`
     */
    async finish(proof: DpopProof, who: string): Promise<void> {
      await proof.assertSigned();
      if (ofKey.isSpent(proof.jkt) || ofPerson.isSpent(who)) {
        throw new AuthError(
          'proof_store_unavailable',
          'The key, or its user, has too many proofs at a time',
          {
            seen: `thumbprint ${proof.jkt}`,
          },
        );
      }
      const isFirst = await useOnce(proof.id, proof.expiresAt).catch((cause: unknown) => {
        throw new AuthError('proof_store_unavailable', 'The proof could not be remembered', { cause });
      });
      if (isFirst !== true) throw new AuthError('dpop_proof_replayed', 'The DPoP proof was used before');
      // A replay costs nothing: it may be somebody else's.
      ofKey.spend(proof.jkt);
      ofPerson.spend(who);
    },
  };
}
