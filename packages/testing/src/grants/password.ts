import { recordSession } from '../events/record-session.ts';
import { Fault, invalidGrant } from '../fault.ts';
import { field } from '../http/form.ts';
import { isPasswordOf } from '../realm/password.ts';
import { issueTokens } from '../tokens/issue.ts';
import { holdOrganization } from '../tokens/organization-scope.ts';
import { askedResource } from '../tokens/resource.ts';
import { grantScopes } from '../tokens/scopes.ts';
import type { GrantHandler } from './grant-handler.ts';
import { assertMayGoOffline } from './offline.ts';

/** RFC 6749 §4.3. Checks the client before the user, and the password before the user's state. */
export const passwordGrant: GrantHandler = async ({ provider, request, form, client, issuer, jkt }) => {
  const { realm, sessions, lockout } = provider;
  if (!client.directGrants) {
    throw new Fault(400, 'unauthorized_client', 'Client not allowed for direct access grants');
  }
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
  const resource = askedResource(realm, form);

  const session = sessions.start({ userId: user.id, offline: scopes.offline });
  recordSession(provider, 'LOGIN', request, session, client.clientId);
  holdOrganization(realm, sessions.join(session, client), scopes.names, user);
  return issueTokens(provider, { issuer, client, user, session, scopes, grantCode: 'ro', jkt, resource });
};
