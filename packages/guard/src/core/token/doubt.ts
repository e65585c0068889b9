import { AuthError } from '../http/errors.ts';
import type { RevocableToken, RevocationHit, RevocationList } from '../revocation/revocation-list.ts';

/** The part of a token in memory that concerns revocations which only Keycloak can confirm. */
export interface Doubted {
  readonly claims: RevocableToken;
  /** The revocation about which Keycloak must be asked before the token is trusted. */
  doubt: RevocationHit | undefined;
  /** What `epoch` was when the question was put that Keycloak answered last; -1 before. */
  settledAt: number;
}

/**
 * Holds a token against the revocations. True where trust in it is over until Keycloak was asked.
 *
 * @param isLocal Keycloak is never asked
 * @throws {AuthError} `token_revoked`, `token_outdated`
 */
export function isInDoubt(known: Doubted, revocations: RevocationList, isLocal: boolean): boolean {
  const hit = revocations.judge(known.claims);
  known.doubt = undefined;
  if (hit === undefined) return false;
  if (hit.verdict === 'refuse' || (hit.verdict === 'confirm' && isLocal)) throw toRevoked(hit);
  if (isLocal || hit.since <= known.settledAt) return false;
  known.doubt = hit;
  return true;
}

/**
 * Ends the doubt. False if a newer revocation requires another question to Keycloak.
 *
 * @param asked what `epoch` was when Keycloak was asked
 */
export function settleDoubt(known: Doubted, asked: number): boolean {
  if (known.doubt !== undefined && known.doubt.since > asked) return false;
  known.settledAt = asked;
  known.doubt = undefined;
  return true;
}

export function toRevoked({ revocation }: RevocationHit): AuthError {
  if (revocation.type === 'change' && revocation.effect === 'renew') {
    return new AuthError('token_outdated', 'Its user changed after the token was issued');
  }
  return new AuthError('token_revoked', 'The token was revoked', {
    seen: `revocation of a ${revocation.type}`,
  });
}
