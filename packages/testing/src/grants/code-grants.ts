import { checkVerifier } from '../browser/auth-request.ts';
import { Fault, invalidGrant, invalidRequest } from '../fault.ts';
import { field } from '../http/bodies.ts';
import { hasFlag } from '../realm/client.ts';
import { issueTokens } from '../tokens/issue.ts';
import { holdOrganization } from '../tokens/organization-scope.ts';
import { grantScopes, keptResource, toGranted } from '../tokens/scopes.ts';
import { assertMayGoOffline, type GrantHandler, offlineCopyOf } from './grant.ts';

/** RFC 6749 §4.1.3, with PKCE (RFC 7636). Using a code twice ends what the first use got. */
export const authorizationCodeGrant: GrantHandler = async ({ provider, form, client, issuer, jkt }) => {
  const { codes, clock, sessions, realm } = provider;
  const code = field(form, 'code');
  if (code === undefined) throw invalidRequest('Missing parameter: code');
  const taken = codes.take(code);
  if (taken === undefined) throw invalidGrant('Code not valid');
  const { grant, used } = taken;
  const session = sessions.find(grant.sessionId);
  if (used) {
    if (session !== undefined) delete session.clients[grant.clientId];
    throw invalidGrant('Code not valid');
  }
  if (grant.expiresAt <= clock.seconds()) throw invalidGrant('Code is expired');
  const user = session && realm.userById(session.userId);
  if (session === undefined || user === undefined) throw invalidGrant('Code not valid');
  if (!user.enabled) throw invalidGrant('User disabled');
  if (grant.clientId !== client.clientId)
    throw invalidGrant('Auth error: Found different client_id in clientSession');
  if (grant.redirectUri !== field(form, 'redirect_uri')) throw invalidGrant('Incorrect redirect_uri');
  if (!client.standardFlow) throw new Fault(400, 'invalid_client', 'Client not allowed to exchange code');
  checkVerifier(grant.challenge, field(form, 'code_verifier'));

  const resource = keptResource(realm, form, grant.resource);
  const scopes = grantScopes(realm, client, grant.scope, user);
  assertMayGoOffline(realm, user, scopes);
  const kept = scopes.offline ? offlineCopyOf(sessions, session) : session;
  // As chosen at the login; the offline session has its own part.
  const { organization } = grant;
  if (organization !== undefined) sessions.join(kept, client).organization = organization;
  holdOrganization(realm, sessions.join(kept, client), scopes.names, user);
  return issueTokens(provider, {
    issuer,
    client,
    user,
    session: kept,
    scopes,
    nonce: grant.nonce,
    grantCode: 'ac',
    jkt,
    resource,
  });
};

/** RFC 8628 §3.4 and §3.5. */
export const deviceCodeGrant: GrantHandler = async ({ provider, form, client, issuer, jkt }) => {
  const { devices, clock, sessions, realm } = provider;
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
  const session = sessions.find(verdict.sessionId);
  const user = session && realm.userById(session.userId);
  if (session === undefined || user === undefined) throw invalidGrant('Code not valid');
  if (!user.enabled) throw invalidGrant('User disabled');

  const scopes = toGranted(realm, [...(device.scope ?? '').split(' '), ...client.defaultScopes], user);
  assertMayGoOffline(realm, user, scopes);
  const kept = scopes.offline ? offlineCopyOf(sessions, session) : session;
  const { nonce } = device;
  return issueTokens(provider, { issuer, client, user, session: kept, scopes, nonce, grantCode: 'dg', jkt });
};
