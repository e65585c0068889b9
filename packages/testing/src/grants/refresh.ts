import { invalidGrant, invalidRequest } from '../fault.ts';
import { field } from '../http/bodies.ts';
import type { Provider } from '../provider/provider.ts';
import type { Client } from '../realm/client.ts';
import type { User } from '../realm/user.ts';
import type { Session } from '../sessions/sessions.ts';
import { type Claims, issueTokens } from '../tokens/issue.ts';
import { assertStillMember } from '../tokens/organization-scope.ts';
import { keptResource, narrowScopes } from '../tokens/scopes.ts';
import type { GrantHandler } from './grant.ts';

/**
 * Reads a refresh token of this client, whose session must be alive.
 *
 * @throws {Fault} 400 `invalid_grant`
 */
async function readRefreshToken(
  { keys, clock, sessions, realm }: Provider,
  token: string,
  client: Client,
  issuer: string,
): Promise<{ claims: Claims; session: Session; user: User }> {
  const claims = await keys.verifyInternal(token);
  const offline = claims?.typ === 'Offline';
  if (claims === undefined || !(offline || claims.typ === 'Refresh') || claims.iss !== issuer)
    throw invalidGrant('Invalid refresh token');
  if (claims.azp !== client.clientId)
    throw invalidGrant("Invalid refresh token. Token client and authorized client don't match");
  if (typeof claims.exp === 'number' && claims.exp <= clock.seconds())
    throw invalidGrant('Token is not active');
  const session = sessions.find(String(claims.sid), offline);
  const user = session && realm.userById(session.userId);
  if (session === undefined || user === undefined)
    throw invalidGrant(offline ? 'Offline user session not found' : 'Session not active');
  const notBefore = Math.max(realm.settings.notBefore ?? 0, client.notBefore, user.notBefore);
  if ((claims.iat as number) < notBefore) throw invalidGrant('Stale token');
  if (sessions.partOf(session, client) === undefined)
    throw invalidGrant("Session doesn't have required client");
  return { claims, session, user };
}

/** RFC 6749 §6. */
export const refreshGrant: GrantHandler = async ({ provider, form, client, issuer, jkt }) => {
  const token = field(form, 'refresh_token');
  if (token === undefined) throw invalidRequest('No refresh token');
  const { realm, sessions } = provider;
  const { claims, session, user } = await readRefreshToken(provider, token, client, issuer);
  if (!user.enabled) throw invalidGrant('User disabled');
  assertStillMember(realm, sessions.join(session, client), user);
  // RFC 9449 §5: the refresh token of a public client is bound to its key.
  const bound = (claims.cnf as { jkt?: string } | undefined)?.jkt;
  if (bound !== undefined && jkt === undefined) throw invalidGrant('DPoP proof is missing');
  if (bound !== undefined && jkt !== bound) throw invalidGrant("DPoP confirmation doesn't match DPoP proof");
  const scopes = narrowScopes(realm, client, String(claims.scope).split(' '), field(form, 'scope'), user);
  const resource = keptResource(realm, form, claims.resource);
  assertNotReused(provider, session, client, String(claims.jti));
  sessions.touch(session, client);
  // Permissions are copied, not decided again.
  const { authorization } = claims;
  return issueTokens(provider, {
    issuer,
    client,
    user,
    session,
    scopes,
    authorization,
    grantCode: 'rt',
    jkt,
    resource,
  });
};

/** With rotation, a refresh token is valid `refreshTokenMaxReuse` + 1 times. One more use ends all of them. */
function assertNotReused(
  { realm, sessions }: Provider,
  session: Session,
  client: Client,
  tokenId: string,
): void {
  if (!realm.settings.revokeRefreshToken) return;
  const { refreshTokenUses } = sessions.join(session, client);
  const uses = refreshTokenUses[tokenId] ?? 0;
  refreshTokenUses[tokenId] = uses + 1;
  if (uses <= (realm.settings.refreshTokenMaxReuse ?? 0)) return;
  delete session.clients[client.clientId];
  throw invalidGrant('Maximum allowed refresh token reuse exceeded');
}
