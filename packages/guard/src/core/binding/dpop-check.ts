import { AuthError } from '../http/errors.ts';
import type { ResolvedDpopOptions } from './dpop-options.ts';
import { type DpopProof, type ProvedRequest, readDpopProof } from './dpop-proof.ts';
import { createProofBudget } from './proof-budget.ts';
import { createProofKeys } from './proof-key.ts';
import { createProofNonces } from './proof-nonces.ts';

/** Judges DPoP proofs (RFC 9449 §4.3). */
export interface DpopCheck {
  /**
   * Everything that costs no time.
   *
   * @throws {AuthError} `dpop_proof_missing`, `dpop_proof_invalid` or `dpop_nonce_required`
   */
  read(request: ProvedRequest): DpopProof;
  /**
   * The rest: its signature, and that it was not used before. Call it only once the token is known to be good, so that
   * nobody else can fill the memory for proofs.
   *
   * @throws {AuthError} (rejects with) `dpop_proof_invalid`, `dpop_proof_replayed` or `proof_store_unavailable`
   */
  finish(proof: DpopProof): Promise<void>;
}

/** @param useOnce see `RevocationStore.useProofOnce` */
export function createDpopCheck(
  options: ResolvedDpopOptions,
  useOnce: (id: string, expiresAt: number) => Promise<boolean>,
  clock: () => number,
): DpopCheck {
  const { algorithms, maxAgeSeconds, maxAheadSeconds, nonceSecret, maxProofsPerKey } = options;
  const rules = {
    keys: createProofKeys(algorithms),
    nonces: nonceSecret === undefined ? undefined : createProofNonces(nonceSecret, clock),
    maxAgeSeconds,
    maxAheadSeconds,
  };
  const budget = createProofBudget(maxProofsPerKey, maxAgeSeconds + maxAheadSeconds, clock);

  return {
    read: (request) => readDpopProof(request, rules, clock() / 1000),
    async finish(proof) {
      await proof.assertSigned();
      if (budget.isSpent(proof.jkt)) {
        throw new AuthError('proof_store_unavailable', 'The key was used for too many proofs at a time', {
          seen: `thumbprint ${proof.jkt}`,
        });
      }
      const isFirst = await useOnce(proof.id, proof.expiresAt).catch((cause: unknown) => {
        throw new AuthError('proof_store_unavailable', 'The proof could not be remembered', { cause });
      });
      if (isFirst !== true) throw new AuthError('dpop_proof_replayed', 'The DPoP proof was used before');
      // A replay costs nothing: it may be somebody else's.
      budget.spend(proof.jkt);
    },
  };
}
