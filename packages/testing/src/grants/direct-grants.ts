import { recordSession } from '../events/event-log.ts';
import { Fault, invalidGrant, unexpected } from '../fault.ts';
import { field } from '../http/bodies.ts';
import { hasFlag } from '../realm/client.ts';
import { isPasswordOf } from '../realm/password.ts';
import { issueTokens } from '../tokens/issue.ts';
import { holdOrganization } from '../tokens/organization-scope.ts';
import { grantScopes, requestedResource } from '../tokens/scopes.ts';
import { assertMayGoOffline, type GrantHandler } from './grant.ts';

/** RFC 6749 §4.3. Checks the client before the user, and the password before the user's state. */
export const passwordGrant: GrantHandler = async ({ provider, request, form, client, issuer, jkt }) => {
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
  return issueTokens(provider, { issuer, client, user, session, scopes, grantCode: 'ro', jkt, resource });
};

/**
 * RFC 6749 §4.4: the client acts for itself, as its service account. It has no session and gets no refresh token, except with
 * its attribute `client_credentials.use_refresh_token`.
 */
export const clientCredentialsGrant: GrantHandler = async ({
  provider,
  request,
  form,
  client,
  issuer,
  jkt,
}) => {
  const { realm, sessions } = provider;
  const refuse = (text: string) => new Fault(401, 'unauthorized_client', text);
  if (client.isPublic) throw refuse('Public client not allowed to retrieve service account');
  if (!client.serviceAccounts) throw refuse('Client not enabled to retrieve service account');
  const user = realm.serviceAccountOf(client);
  if (!user.enabled) throw new Fault(401, 'invalid_request', `User '${user.username}' disabled`);
  const scopes = grantScopes(realm, client, field(form, 'scope'), user);
  // Keycloak fails here, because there is no refresh token to remember the resource.
  if (requestedResource(realm, form) !== undefined) throw unexpected();
  const notes = { client_id: client.clientId, clientHost: request.ip, clientAddress: request.ip };
  const session = hasFlag(client, 'client_credentials.use_refresh_token')
    ? sessions.start({ userId: user.id, offline: scopes.offline, notes })
    : undefined;
  return issueTokens(provider, { issuer, client, user, session, notes, scopes, grantCode: 'cc', jkt });
};
