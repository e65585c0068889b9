import { checkVerifier } from '../browser/pkce.ts';
import { Fault, invalidGrant, invalidRequest } from '../fault.ts';
import { field } from '../http/form.ts';
import { issueTokens } from '../tokens/issue.ts';
import { holdOrganization } from '../tokens/organization-scope.ts';
import { keptResource } from '../tokens/resource.ts';
import { grantScopes } from '../tokens/scopes.ts';
import type { GrantHandler } from './grant-handler.ts';
import { assertMayGoOffline, offlineCopyOf } from './offline.ts';

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
  if (grant.clientId !== client.clientId) {
    throw invalidGrant('Auth error: Found different client_id in clientSession');
  }
  if (grant.redirectUri !== field(form, 'redirect_uri')) throw invalidGrant('Incorrect redirect_uri');
  if (!client.standardFlow) {
    throw new Fault(400, 'invalid_client', 'Client not allowed to exchange code');
  }
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
