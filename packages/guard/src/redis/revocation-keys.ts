import type { Revocation } from '../core/index.ts';

/** Keys of revocations in Redis. */
export interface RevocationKeys {
  /** Stream of all revocations. */
  readonly stream: string;
  /** Hash of not-before times and doubts, which stay in force after the stream was trimmed. */
  readonly notBefore: string;
  /** A random value. Another value, or none: Redis lost its data. */
  readonly mark: string;
}

export const revocationKeysOf = (keyPrefix: string): RevocationKeys => ({
  stream: `${keyPrefix}:revocations`,
  notBefore: `${keyPrefix}:not-before`,
  mark: `${keyPrefix}:mark`,
});

/** Field in the hash; empty for a revocation that only the stream holds. */
export function fieldOf(revocation: Revocation): string {
  const { type, issuer } = revocation;
  if (type === 'doubt') return JSON.stringify([issuer, null, type]);
  if (type !== 'not-before') return '';
  const { clientId = null, notBefore } = revocation;
  // A 0 must not replace an earlier time.
  return JSON.stringify(notBefore === 0 ? [issuer, clientId, 'lifted'] : [issuer, clientId]);
}
