import { randomBytes } from 'node:crypto';
import { isPostLogoutRedirectUri } from '../browser/auth-request.ts';
import { signedIn, signOut } from '../browser/cookies.ts';
import { authenticateClient } from '../client-auth/authenticate-client.ts';
import { recordSession } from '../events/event-log.ts';
import { readRefreshToken } from '../grants/grants.ts';
import { field, formOf, queryOf } from '../http/bodies.ts';
import { allowCaller, allowOriginsOf, issuerOf, redirectTo } from '../http/headers.ts';
import { sendErrorPage, sendInfoPage, sendLogoutPage } from '../pages/pages.ts';
import { endSession } from '../provider/end-session.ts';
import type { Provider } from '../provider/provider.ts';
import type { Exchange, Route } from '../provider/route.ts';
import type { Client } from '../realm/client.ts';
import type { Session } from '../sessions/sessions.ts';

/** Keycloak's logout by refresh token: answers 204 and ends the session. */
async function logoutByRefreshToken({ provider, request, reply }: Exchange) {
  allowCaller(request, reply);
  const client = await authenticateClient(provider, request);
  allowOriginsOf(client, request, reply);
  const token = field(formOf(request), 'refresh_token') ?? '';
  const issuer = issuerOf(request);
  const { session } = await readRefreshToken(provider, token, client, issuer);
  if (session !== undefined) {
    await endSession(provider, session, issuer);
    recordSession(provider, 'LOGOUT', request, session, client.clientId);
  }
  return reply.code(204).header('cache-control', 'no-cache').send();
}

/** OpenID Connect RP-Initiated Logout 1.0, and Keycloak's own logout by refresh token. */
export const logoutRoutes: readonly Route[] = [
  {
    endpoint: 'logout',
    path: '/protocol/openid-connect/logout',
    methods: ['GET', 'POST'],
    handler(exchange) {
      const { request } = exchange;
      const form = formOf(request);
      if (request.method === 'POST' && form.has('refresh_token')) return logoutByRefreshToken(exchange);
      return logoutByBrowser(exchange, request.method === 'POST' ? form : queryOf(request));
    },
  },
  {
    endpoint: 'logout',
    path: '/protocol/openid-connect/logout/logout-confirm',
    methods: ['POST'],
    handler: confirmLogout,
  },
];

interface LogoutRequest {
  readonly client: Client | undefined;
  readonly session: Session | undefined;
  readonly redirectUri: string | undefined;
  readonly state: string | undefined;
}

async function logoutByBrowser(exchange: Exchange, query: URLSearchParams) {
  const { provider, request, reply } = exchange;
  reply.header('cache-control', 'no-cache');
  const logoutRequest = await readLogout(provider, query, issuerOf(request));
  if (typeof logoutRequest === 'string')
    return sendErrorPage(reply, provider.realm.displayName, logoutRequest);
  const current = signedIn(provider, request);
  if (!query.has('id_token_hint') && (current !== undefined || logoutRequest.client === undefined))
    return askFirst(exchange, logoutRequest, current?.session);
  return finishLogout(exchange, logoutRequest, logoutRequest.session ?? current?.session);
}

/** The logout request, or the text of an error. */
async function readLogout(
  provider: Provider,
  query: URLSearchParams,
  issuer: string,
): Promise<LogoutRequest | string> {
  const { realm, keys, sessions } = provider;
  const hint = field(query, 'id_token_hint');
  const clientId = field(query, 'client_id');
  const redirectUri = field(query, 'post_logout_redirect_uri');
  const state = field(query, 'state');
  // An expired ID token is a valid hint (RP-Initiated Logout §2).
  const claims = hint === undefined ? undefined : await keys.verify(hint);
  if (hint !== undefined && (claims?.typ !== 'ID' || claims.iss !== issuer))
    return 'Invalid parameter: id_token_hint';
  if (claims !== undefined && clientId !== undefined && claims.azp !== clientId)
    return 'Invalid parameter: id_token_hint';
  const client = realm.client(String(claims?.azp ?? clientId ?? ''));
  if (redirectUri !== undefined) {
    if (claims === undefined && clientId === undefined) return 'Missing parameters: id_token_hint';
    if (client === undefined || !isPostLogoutRedirectUri(client, redirectUri)) return 'Invalid redirect uri';
  }
  const session = claims === undefined ? undefined : sessions.find(String(claims.sid));
  return { client, session, redirectUri, state };
}

function askFirst(
  { provider, request, reply }: Exchange,
  { client, redirectUri, state }: LogoutRequest,
  session: Session | undefined,
) {
  const code = randomBytes(24).toString('base64url');
  if (session !== undefined) session.notes.LOGOUT_CODE = code;
  const query = new URLSearchParams();
  if (client !== undefined) query.set('client_id', client.clientId);
  if (redirectUri !== undefined) query.set('post_logout_redirect_uri', redirectUri);
  if (state !== undefined) query.set('state', state);
  const action = `${issuerOf(request)}/protocol/openid-connect/logout/logout-confirm?${query}`;
  return sendLogoutPage(reply, provider.realm.displayName, action, code);
}

async function confirmLogout(exchange: Exchange) {
  const { provider, request, reply } = exchange;
  reply.header('cache-control', 'no-cache');
  const { displayName } = provider.realm;
  const logoutRequest = await readLogout(provider, queryOf(request), issuerOf(request));
  if (typeof logoutRequest === 'string') return sendErrorPage(reply, displayName, logoutRequest);
  const current = signedIn(provider, request);
  const code = field(formOf(request), 'session_code');
  if (current !== undefined && (code === undefined || current.session.notes.LOGOUT_CODE !== code))
    return sendErrorPage(reply, displayName, 'Logout failed');
  return finishLogout(exchange, logoutRequest, current?.session);
}

async function finishLogout(
  exchange: Exchange,
  { client, redirectUri, state }: LogoutRequest,
  session: Session | undefined,
) {
  const { provider, request, reply } = exchange;
  if (session !== undefined) {
    await endSession(provider, session, issuerOf(request));
    recordSession(provider, 'LOGOUT', request, session, client?.clientId ?? 'account');
  }
  signOut(request, reply);
  if (redirectUri === undefined) return sendInfoPage(reply, provider.realm.displayName, 'You are logged out');
  const glue = redirectUri.includes('?') ? '&' : '?';
  const query = state === undefined ? '' : `${glue}${new URLSearchParams({ state })}`;
  return redirectTo(reply, `${redirectUri}${query}`);
}
