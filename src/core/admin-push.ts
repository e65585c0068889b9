import { AuthError } from './errors.ts';
import type { Revocation } from './revocation-log.ts';
import { verifySignedJwt } from './signed-jwt.ts';
import type { Revoker } from './verifier.ts';

/** What Keycloak pushes to a client's admin URL. */
export type AdminAction = 'PUSH_NOT_BEFORE' | 'LOGOUT';

/**
 * Takes a push that Keycloak sends to a client's admin URL (`k_push_not_before`, `k_logout`) and revokes what it
 * says: everything issued before a time, or the sessions it lists.
 *
 * A push is a JWT with claims of Keycloak's own (`id`, `action`, `resource`, `expiration`) and neither `iss` nor
 * `exp`: the realm's signature says where it comes from. Keycloak plans to remove these pushes.
 *
 * @throws {AuthError} `admin_push_invalid`, `provider_unavailable` (no keys were loaded)
 * @throws whatever the revocation store throws when it cannot share
 * @see Keycloak Server Administration Guide, "Admin URL"
 */
export async function revokeByAdminPush(
  verifier: Revoker,
  push: string,
  action: AdminAction,
): Promise<Revocation[]> {
  const { claims } = await verifySignedJwt(push, verifier.context, { headerTypes: /^JWT$/i }).catch(
    toInvalid,
  );
  const now = verifier.context.options.clock() / 1000;
  const { id, expiration } = claims;
  if (claims.action !== action) throw invalid(`its action is not ${action}`);
  if (claims.resource !== verifier.clientId) throw invalid('it is for another client');
  if (typeof expiration !== 'number' || expiration <= now) throw invalid('it expired');
  if (typeof id !== 'string' || !(await verifier.claim(JSON.stringify(['push', id]), expiration))) {
    throw invalid('it was used before');
  }
  const issuer = verifier.context.issuer();
  const revocations = action === 'LOGOUT' ? toLogout(issuer, claims, now) : [toNotBefore(issuer, claims)];
  for (const revocation of revocations) await verifier.revoke(revocation);
  return revocations;
}

/** `notBefore` 0 takes an earlier policy back. */
function toNotBefore(issuer: string, claims: Readonly<Record<string, unknown>>): Revocation {
  const { notBefore } = claims;
  if (typeof notBefore !== 'number') throw invalid('it has no notBefore');
  return { type: 'not-before', issuer, notBefore };
}

/** The sessions it lists; without a list, everybody, those of this very second too. */
function toLogout(issuer: string, claims: Readonly<Record<string, unknown>>, now: number): Revocation[] {
  const { keycloakSessionIds } = claims;
  if (keycloakSessionIds === undefined || keycloakSessionIds === null) {
    return [{ type: 'not-before', issuer, notBefore: Math.floor(now) + 1 }];
  }
  if (!Array.isArray(keycloakSessionIds)) throw invalid('its list of sessions is not a list');
  return keycloakSessionIds
    .filter((sessionId) => typeof sessionId === 'string')
    .map((sessionId) => ({ type: 'session', issuer, sessionId }));
}

function toInvalid(error: unknown): never {
  if (error instanceof AuthError && error.statusCode === 401) throw invalid(error.reason);
  throw error;
}

function invalid(reason: string): AuthError {
  return new AuthError('admin_push_invalid', `The push is not valid: ${reason}`);
}
