import { authenticateClient } from '../client-auth/authenticate-client.ts';
import { endSession } from '../end-session.ts';
import { recordSession } from '../events/record-session.ts';
import { invalidGrant } from '../fault.ts';
import { allowCaller, allowOriginsOf } from '../http/cors.ts';
import { field, formOf } from '../http/form.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Exchange } from '../http/route.ts';

/** Keycloak's logout by refresh token: answers 204 and ends the session. */
export async function logoutByRefreshToken({ provider, request, reply }: Exchange) {
  const { keys, sessions } = provider;
  allowCaller(request, reply);
  const client = await authenticateClient(provider, request);
  allowOriginsOf(client, request, reply);
  const claims = await keys.verifyInternal(field(formOf(request), 'refresh_token') ?? '');
  const offline = claims?.typ === 'Offline';
  if (claims === undefined || !(offline || claims.typ === 'Refresh') || claims.iss !== issuerOf(request)) {
    throw invalidGrant('Invalid refresh token');
  }
  if (claims.azp !== client.clientId) {
    throw invalidGrant("Invalid refresh token. Token client and authorized client don't match");
  }
  const session = sessions.find(String(claims.sid), offline);
  if (session !== undefined) {
    await endSession(provider, session, issuerOf(request));
    recordSession(provider, 'LOGOUT', request, session, client.clientId);
  }
  return reply.code(204).header('cache-control', 'no-cache').send();
}
