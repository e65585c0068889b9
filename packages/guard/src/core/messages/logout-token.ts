import { AuthError, isAuthError } from '../http/errors.ts';
import { verifySignedJwt } from '../jwt/signed-jwt.ts';
import type { Revocation } from '../revocation/revocation-log.ts';
import type { VerifyContext } from '../token/verify.ts';

/** The part of a verifier that Keycloak's messages about revoked tokens go to. */
export interface Revoker {
  readonly clientId: string;
  readonly context: VerifyContext;
  revoke(revocation: Revocation): Promise<void>;
  useOnce(id: string, expiresAt: number): Promise<boolean>;
}

/** Keycloak's ids have 36 characters; with the name of a user in another directory they have 300. Replicas keep each for a day. */
export const LONGEST_ID = 512;
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/**
 * Takes a logout token from Keycloak and revokes the session of its `sid`, or without one all tokens that
 * the user was issued so far. Resolves when every replica will know.
 *
 * Checked: signature, `iss`, `aud`, `iat` (no older than three minutes), `exp`, `events`, `sub` or `sid`, no
 * `nonce`, and that the `jti` was not seen before.
 *
 * @throws {AuthError} `logout_token_invalid`, `logout_token_replayed`, `provider_unavailable` (no keys were loaded)
 * @throws the error of the revocation store if it cannot share; this process still knows of the logout
 * @see OpenID Connect Back-Channel Logout 1.0 §2.6
 */
export async function revokeByLogoutToken(verifier: Revoker, logoutToken: string): Promise<Revocation> {
  const { claims, headerType } = await verifySignedJwt(logoutToken, verifier.context, {
    headerTypes: /^(application\/)?(logout\+jwt|JWT)$/i,
    issuer: verifier.context.issuer,
    audience: verifier.clientId,
    requiredClaims: ['iat', 'jti'],
    maxAgeSeconds: 180,
  }).catch(toInvalid);

  const isTyped = headerType !== undefined && /logout\+jwt$/i.test(headerType);
  if (!isTyped && claims.typ !== 'Logout') throw invalid('it is not typed as a logout token');
  const event = (claims.events as Record<string, unknown> | undefined)?.[EVENT];
  if (typeof event !== 'object' || event === null) throw invalid('it has no back-channel logout event');
  if (claims.nonce !== undefined) throw invalid('it has a nonce');
  const isTooLong = (id: unknown) => typeof id === 'string' && id.length > LONGEST_ID;
  if ([claims.jti, claims.sid, claims.sub].some(isTooLong)) throw invalid('an id in it is too long');
  const revocation = toRevocation(claims.iss as string, claims.sid, claims.sub, claims.iat as number);

  // Revoke first: repeating it is harmless, and a retry may follow if sharing fails.
  await verifier.revoke(revocation);
  // `jti` is unique per issuer (RFC 7519 §4.1.7). Kept as long as the token could be accepted.
  const until = (claims.iat as number) + 600;
  if (!(await verifier.useOnce(JSON.stringify([claims.iss, claims.jti]), until))) {
    throw new AuthError('logout_token_replayed', 'The logout token was used before');
  }
  return revocation;
}

function toRevocation(issuer: string, sessionId: unknown, subject: unknown, issuedAt: number): Revocation {
  if (typeof sessionId === 'string' && sessionId !== '') {
    return { type: 'session', issuer, sessionId, endedAt: issuedAt };
  }
  if (typeof subject === 'string' && subject !== '') {
    return { type: 'user', issuer, subject, issuedUntil: issuedAt };
  }
  throw invalid('it names neither a session nor a user');
}

function toInvalid(error: unknown): never {
  if (isAuthError(error) && error.statusCode === 401) throw invalid(error.reason, error);
  throw error;
}

function invalid(reason: string, because?: AuthError): AuthError {
  return new AuthError('logout_token_invalid', `The logout token is not valid: ${reason}`, {
    expected: because?.expected,
    seen: because?.seen,
  });
}
