import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { signedIn, signOut } from '../browser/cookies.ts';
import { isPostLogoutRedirectUri } from '../browser/redirect-uri.ts';
import { endSession } from '../end-session.ts';
import { recordSession } from '../events/record-session.ts';
import { field, formOf, queryOf } from '../http/form.ts';
import { issuerOf } from '../http/issuer.ts';
import { addRoute } from '../http/route.ts';
import { sendErrorPage, sendInfoPage, sendLogoutPage } from '../pages/message-page.ts';
import type { Provider } from '../provider.ts';
import type { Client } from '../realm/client.ts';
import type { Session } from '../session.ts';
import { logoutByRefreshToken } from './refresh-token-logout.ts';

/** OpenID Connect RP-Initiated Logout 1.0, and Keycloak's own logout by refresh token. */
export function addLogout(app: FastifyInstance): void {
  addRoute(app, {
    endpoint: 'logout',
    path: '/protocol/openid-connect/logout',
    methods: ['GET', 'POST'],
    handler(request, reply, provider) {
      const form = formOf(request);
      if (request.method === 'POST' && form.has('refresh_token')) {
        return logoutByRefreshToken(provider, request, reply);
      }
      return logoutByBrowser(provider, request, reply, request.method === 'POST' ? form : queryOf(request));
    },
  });
  addRoute(app, {
    endpoint: 'logout',
    path: '/protocol/openid-connect/logout/logout-confirm',
    methods: ['POST'],
    handler: (request, reply, provider) => confirmLogout(provider, request, reply),
  });
}

interface Asked {
  readonly client: Client | undefined;
  readonly session: Session | undefined;
  readonly redirectUri: string | undefined;
  readonly state: string | undefined;
}

async function logoutByBrowser(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  query: URLSearchParams,
) {
  reply.header('cache-control', 'no-cache');
  const asked = await readLogout(provider, query, issuerOf(request));
  if (typeof asked === 'string') return sendErrorPage(reply, provider.realm.displayName, asked);
  const current = signedIn(provider, request);
  if (!query.has('id_token_hint') && (current !== undefined || asked.client === undefined)) {
    return askFirst(provider, request, reply, asked, current?.session);
  }
  return finishLogout(provider, request, reply, asked, asked.session ?? current?.session);
}

/** The logout request, or the text of an error. */
async function readLogout(
  provider: Provider,
  query: URLSearchParams,
  issuer: string,
): Promise<Asked | string> {
  const { realm, keys, sessions } = provider;
  const hint = field(query, 'id_token_hint');
  const clientId = field(query, 'client_id');
  const redirectUri = field(query, 'post_logout_redirect_uri');
  const state = field(query, 'state');
  // An expired ID token is a valid hint (RP-Initiated Logout §2).
  const claims = hint === undefined ? undefined : await keys.verify(hint);
  if (hint !== undefined && (claims?.typ !== 'ID' || claims.iss !== issuer)) {
    return 'Invalid parameter: id_token_hint';
  }
  if (claims !== undefined && clientId !== undefined && claims.azp !== clientId) {
    return 'Invalid parameter: id_token_hint';
  }
  const client = realm.client(String(claims?.azp ?? clientId ?? ''));
  if (redirectUri !== undefined) {
    if (claims === undefined && clientId === undefined) return 'Missing parameters: id_token_hint';
    if (client === undefined || !isPostLogoutRedirectUri(client, redirectUri)) return 'Invalid redirect uri';
  }
  const session = claims === undefined ? undefined : sessions.find(String(claims.sid));
  return { client, session, redirectUri, state };
}

function askFirst(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  { client, redirectUri, state }: Asked,
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

async function confirmLogout(provider: Provider, request: FastifyRequest, reply: FastifyReply) {
  reply.header('cache-control', 'no-cache');
  const { displayName } = provider.realm;
  const asked = await readLogout(provider, queryOf(request), issuerOf(request));
  if (typeof asked === 'string') return sendErrorPage(reply, displayName, asked);
  const current = signedIn(provider, request);
  const code = field(formOf(request), 'session_code');
  if (current !== undefined && (code === undefined || current.session.notes.LOGOUT_CODE !== code)) {
    return sendErrorPage(reply, displayName, 'Logout failed');
  }
  return finishLogout(provider, request, reply, asked, current?.session);
}

async function finishLogout(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  { client, redirectUri, state }: Asked,
  session: Session | undefined,
) {
  if (session !== undefined) {
    await endSession(provider, session, issuerOf(request));
    recordSession(provider, 'LOGOUT', request, session, client?.clientId ?? 'account');
  }
  signOut(request, reply);
  if (redirectUri === undefined) return sendInfoPage(reply, provider.realm.displayName, 'You are logged out');
  const glue = redirectUri.includes('?') ? '&' : '?';
  const query = state === undefined ? '' : `${glue}${new URLSearchParams({ state })}`;
  return reply.code(302).header('location', `${redirectUri}${query}`).send();
}
