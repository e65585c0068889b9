import { createHmac } from 'node:crypto';
import { AuthError } from '../http/errors.ts';

/** Nonces that a proof has to hold (RFC 9449 §8, §9). Nothing is kept: each is made of a secret and the time. */
export type ProofNonces = ReturnType<typeof createProofNonces>;

/** A nonce is current for so long, and good for as long again. */
const SECONDS = 300;

/**
 * @param secret shared by the replicas
 * @param clock Unit: milliseconds since 1970
 */
export function createProofNonces(secret: string, clock: () => number) {
  const made = new Map<number, string>();

  function nonceOf(window: number): string {
    let nonce = made.get(window);
    if (nonce === undefined) {
      nonce = createHmac('sha256', secret).update(`dpop-nonce ${window}`).digest('base64url');
      if (made.size > 8) made.clear();
      made.set(window, nonce);
    }
    return nonce;
  }

  const current = () => Math.floor(clock() / 1000 / SECONDS);

  return {
    /** @throws {AuthError} `dpop_nonce_required`, with the nonce to use, where it is none, or an old one */
    assertGood(nonce: unknown): void {
      const now = current();
      // The next as well: the clock of another replica may be ahead.
      if (typeof nonce === 'string' && [now, now - 1, now + 1].some((one) => nonceOf(one) === nonce)) return;
      throw new AuthError('dpop_nonce_required', 'The DPoP proof does not have the nonce that is asked for', {
        headers: { 'dpop-nonce': nonceOf(now) },
      });
    },
    /** The nonce to use from now on, where a good one is about to grow old. */
    next: (nonce: unknown): string | undefined =>
      nonce === nonceOf(current() - 1) ? nonceOf(current()) : undefined,
  };
}
