import type { FastifyRequest } from 'fastify';
import { checkVerifier } from '../browser/auth-request.ts';
import { recordSession } from '../events/event-log.ts';
import { Fault, invalidGrant, invalidRequest, unexpected } from '../fault.ts';
import { field } from '../http/bodies.ts';
import type { Provider } from '../provider/provider.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import { isPasswordOf } from '../realm/password.ts';
import type { Realm } from '../realm/realm.ts';
import type { User } from '../realm/user.ts';
import type { Session } from '../sessions/sessions.ts';
import { type Claims, issueTokens } from '../tokens/issue.ts';
import { holdOrganization, isStillMember } from '../tokens/organization-scope.ts';
import {
  type GrantedScopes,
  grantScopes,
  keptResource,
  narrowScopes,
  requestedResource,
  toGranted,
} from '../tokens/scopes.ts';

/** A request to the token endpoint, with its authenticated client. */
interface GrantRequest {
  readonly provider: Provider;
  readonly request: FastifyRequest;
  readonly form: URLSearchParams;
  readonly client: Client;
  readonly issuer: string;
  /** Thumbprint of the key in the request's DPoP proof, if there is one (RFC 9449 §5). */
  readonly jkt: string | undefined;
}

/** Answers one grant type. @throws {Fault} */
export type GrantHandler = (request: GrantRequest) => Promise<Claims>;

/** @throws {Fault} 400 if an offline token is asked for and the user lacks the role `offline_access` */
function assertMayGoOffline(realm: Realm, user: User, scopes: GrantedScopes): void {
  if (scopes.offline && !realm.rolesOf(user).realm.has('offline_access'))
    throw new Fault(400, 'not_allowed', 'Offline tokens not allowed for the user or client');
}

/** The session of a login, or the offline one, which has the same id and outlives it. @throws {Fault} 400 as above */
function sessionFor({ realm, sessions }: Provider, user: User, scopes: GrantedScopes, session: Session) {
  assertMayGoOffline(realm, user, scopes);
  if (!scopes.offline) return session;
  const { id, userId, notes } = session;
  return sessions.start({ id, userId, notes: { ...notes }, offline: true });
}

/** The session that a code leads to, and its user. @throws {Fault} 400 `invalid_grant` */
function readSession({ realm, sessions }: Provider, id: string) {
  const session = sessions.find(id);
  const user = session && realm.userById(session.userId);
  if (session === undefined || user === undefined) throw invalidGrant('Code not valid');
  if (!user.enabled) throw invalidGrant('User disabled');
  return { session, user };
}

/** RFC 6749 §4.3. Checks the client before the user, and the password before the user's state. */
export const passwordGrant: GrantHandler = async (call) => {
  const { provider, request, form, client } = call;
  const { realm, sessions, lockout } = provider;
  if (!client.directGrants)
    throw new Fault(400, 'unauthorized_client', 'Client not allowed for direct access grants');
  if (client.consentRequired) throw new Fault(400, 'invalid_client', 'Client requires user consent');
  const scope = field(form, 'scope');
  grantScopes(realm, client, scope);
  const login = field(form, 'username');
  if (login === undefined) throw new Fault(401, 'invalid_request', 'Missing parameter: username');

  const user = realm.userByLogin(login);
  const right = await isPasswordOf(user?.representation, field(form, 'password') ?? '');
  if (user === undefined) throw invalidGrant('Invalid user credentials');
  if (!lockout.admits(user, right)) throw invalidGrant('Invalid user credentials');
  if (!user.enabled) throw invalidGrant('Account disabled');
  if (user.requiredActions.length > 0) throw invalidGrant('Account is not fully set up');
  const scopes = grantScopes(realm, client, scope, user);
  assertMayGoOffline(realm, user, scopes);
  const resource = requestedResource(realm, form);

  const session = sessions.start({ userId: user.id, offline: scopes.offline });
  recordSession(provider, 'LOGIN', request, session, client.clientId);
  holdOrganization(realm, sessions.join(session, client), scopes.names, user);
  return issueTokens(call, { user, session, scopes, grantCode: 'ro', resource });
};

/** RFC 6749 §4.4: the client acts for itself, as its service account. It has no session and gets no refresh token. */
export const clientCredentialsGrant: GrantHandler = async (call) => {
  const { request, form, client } = call;
  const { realm } = call.provider;
  const refuse = (text: string) => new Fault(401, 'unauthorized_client', text);
  if (client.isPublic) throw refuse('Public client not allowed to retrieve service account');
  if (!client.serviceAccounts) throw refuse('Client not enabled to retrieve service account');
  const user = realm.serviceAccountOf(client);
  if (!user.enabled) throw new Fault(401, 'invalid_request', `User '${user.username}' disabled`);
  const scopes = grantScopes(realm, client, field(form, 'scope'), user);
  // Keycloak fails here, because there is no refresh token to remember the resource.
  if (requestedResource(realm, form) !== undefined) throw unexpected();
  const notes = { client_id: client.clientId, clientHost: request.ip, clientAddress: request.ip };
  return issueTokens(call, { user, session: undefined, notes, scopes, grantCode: 'cc' });
};

/** RFC 6749 §4.1.3, with PKCE (RFC 7636). Using a code twice ends what the first use got. */
export const authorizationCodeGrant: GrantHandler = async (call) => {
  const { provider, form, client } = call;
  const { codes, clock, sessions, realm } = provider;
  const code = field(form, 'code');
  if (code === undefined) throw invalidRequest('Missing parameter: code');
  const taken = codes.take(code);
  if (taken === undefined) throw invalidGrant('Code not valid');
  const { grant, used } = taken;
  if (used) {
    const session = sessions.find(grant.sessionId);
    if (session !== undefined) delete session.clients[grant.clientId];
    throw invalidGrant('Code not valid');
  }
  if (grant.expiresAt <= clock.seconds()) throw invalidGrant('Code is expired');
  const { session, user } = readSession(provider, grant.sessionId);
  if (grant.clientId !== client.clientId)
    throw invalidGrant('Auth error: Found different client_id in clientSession');
  if (grant.redirectUri !== field(form, 'redirect_uri')) throw invalidGrant('Incorrect redirect_uri');
  if (!client.standardFlow) throw new Fault(400, 'invalid_client', 'Client not allowed to exchange code');
  checkVerifier(grant.challenge, field(form, 'code_verifier'));

  const resource = keptResource(realm, form, grant.resource);
  const scopes = grantScopes(realm, client, grant.scope, user);
  const kept = sessionFor(provider, user, scopes, session);
  // As chosen at the login; the offline session has its own part.
  const { organization, nonce } = grant;
  if (organization !== undefined) sessions.join(kept, client).organization = organization;
  holdOrganization(realm, sessions.join(kept, client), scopes.names, user);
  return issueTokens(call, { user, session: kept, scopes, nonce, grantCode: 'ac', resource });
};

/** RFC 8628 §3.4 and §3.5. */
export const deviceCodeGrant: GrantHandler = async (call) => {
  const { provider, form, client } = call;
  const { devices, clock, realm } = provider;
  if (!hasFlag(client, 'oauth2.device.authorization.grant.enabled'))
    throw invalidGrant('Client not allowed OAuth 2.0 Device Authorization Grant');
  const code = field(form, 'device_code');
  if (code === undefined) throw invalidRequest('Missing parameter: device_code');
  const device = devices.find(code);
  if (device === undefined) throw invalidGrant('Device code not valid');
  if (device.clientId !== client.clientId) throw invalidGrant('unauthorized client');
  if (device.expiresAt <= clock.seconds()) throw new Fault(400, 'expired_token', 'Device code is expired');
  if (!devices.mayAskNow(device)) throw new Fault(400, 'slow_down', 'Slow down');
  const { verdict } = device;
  if (verdict === undefined)
    throw new Fault(400, 'authorization_pending', 'The authorization request is still pending');
  if (verdict === 'denied')
    throw new Fault(400, 'access_denied', 'The end user denied the authorization request');
  checkVerifier(device.challenge, field(form, 'code_verifier'));
  devices.close(device);
  const { session, user } = readSession(provider, verdict.sessionId);

  const scopes = toGranted(realm, [...(device.scope ?? '').split(' '), ...client.defaultScopes], user);
  const kept = sessionFor(provider, user, scopes, session);
  return issueTokens(call, { user, session: kept, scopes, nonce: device.nonce, grantCode: 'dg' });
};

/**
 * The claims of a refresh token of this client, expired or not, and its session if that is alive.
 *
 * @throws {Fault} 400 `invalid_grant`
 */
export async function readRefreshToken(
  { keys, sessions }: Provider,
  token: string,
  client: Client,
  issuer: string,
): Promise<{ claims: Claims; session: Session | undefined }> {
  const claims = await keys.verifyInternal(token);
  const offline = claims?.typ === 'Offline';
  if (claims === undefined || !(offline || claims.typ === 'Refresh') || claims.iss !== issuer)
    throw invalidGrant('Invalid refresh token');
  if (claims.azp !== client.clientId)
    throw invalidGrant("Invalid refresh token. Token client and authorized client don't match");
  return { claims, session: sessions.find(String(claims.sid), offline) };
}

/** @throws {Fault} 400 `invalid_grant` unless the token is active, and the client has a part in its session */
async function readActiveToken(provider: Provider, token: string, client: Client, issuer: string) {
  const { clock, realm, sessions } = provider;
  const { claims, session } = await readRefreshToken(provider, token, client, issuer);
  if (typeof claims.exp === 'number' && claims.exp <= clock.seconds())
    throw invalidGrant('Token is not active');
  const user = session && realm.userById(session.userId);
  if (session === undefined || user === undefined)
    throw invalidGrant(claims.typ === 'Offline' ? 'Offline user session not found' : 'Session not active');
  const notBefore = Math.max(realm.settings.notBefore ?? 0, client.notBefore, user.notBefore);
  if ((claims.iat as number) < notBefore) throw invalidGrant('Stale token');
  if (sessions.partOf(session, client) === undefined)
    throw invalidGrant("Session doesn't have required client");
  return { claims, session, user };
}

/** RFC 6749 §6. */
export const refreshGrant: GrantHandler = async (call) => {
  const { provider, form, client, issuer, jkt } = call;
  const token = field(form, 'refresh_token');
  if (token === undefined) throw invalidRequest('No refresh token');
  const { realm, sessions } = provider;
  const { claims, session, user } = await readActiveToken(provider, token, client, issuer);
  if (!user.enabled) throw invalidGrant('User disabled');
  if (!isStillMember(realm, sessions.join(session, client), user)) throw invalidGrant('Invalid organization');
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
  return issueTokens(call, { user, session, scopes, authorization, grantCode: 'rt', resource });
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
