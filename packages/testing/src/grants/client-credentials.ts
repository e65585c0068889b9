import { Fault, unexpected } from '../fault.ts';
import { field } from '../http/form.ts';
import { hasFlag } from '../realm/client.ts';
import { issueTokens } from '../tokens/issue.ts';
import { askedResource } from '../tokens/resource.ts';
import { grantScopes } from '../tokens/scopes.ts';
import type { GrantHandler } from './grant-handler.ts';

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
  if (askedResource(realm, form) !== undefined) throw unexpected();
  const notes = { client_id: client.clientId, clientHost: request.ip, clientAddress: request.ip };
  const session = hasFlag(client, 'client_credentials.use_refresh_token')
    ? sessions.start({ userId: user.id, offline: scopes.offline, notes })
    : undefined;
  return issueTokens(provider, { issuer, client, user, session, notes, scopes, grantCode: 'cc', jkt });
};
