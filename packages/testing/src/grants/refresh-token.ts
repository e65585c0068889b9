import { invalidGrant } from '../fault.ts';
import type { Provider } from '../provider.ts';
import type { Client } from '../realm/client.ts';
import type { User } from '../realm/user.ts';
import type { Session } from '../session.ts';
import type { Claims } from '../tokens/issue.ts';

/**
 * Reads a refresh token of this client, whose session must be alive.
 *
 * @throws {Fault} 400 `invalid_grant`
 */
export async function readRefreshToken(
  { keys, clock, sessions, realm }: Provider,
  token: string,
  client: Client,
  issuer: string,
): Promise<{ claims: Claims; session: Session; user: User }> {
  const claims = await keys.verifyInternal(token);
  const offline = claims?.typ === 'Offline';
  if (claims === undefined || !(offline || claims.typ === 'Refresh') || claims.iss !== issuer) {
    throw invalidGrant('Invalid refresh token');
  }
  if (claims.azp !== client.clientId) {
    throw invalidGrant("Invalid refresh token. Token client and authorized client don't match");
  }
  if (typeof claims.exp === 'number' && claims.exp <= clock.seconds())
    throw invalidGrant('Token is not active');
  const session = sessions.find(String(claims.sid), offline);
  const user = session && realm.userById(session.userId);
  if (session === undefined || user === undefined) {
    throw invalidGrant(offline ? 'Offline user session not found' : 'Session not active');
  }
  const notBefore = Math.max(realm.settings.notBefore ?? 0, client.notBefore, user.notBefore);
  if ((claims.iat as number) < notBefore) throw invalidGrant('Stale token');
  if (sessions.partOf(session, client) === undefined) {
    throw invalidGrant("Session doesn't have required client");
  }
  return { claims, session, user };
}
