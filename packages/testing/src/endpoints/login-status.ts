import { queryOf } from '../http/bodies.ts';
import { ownOrigin } from '../http/headers.ts';
import { createScriptPage } from '../pages/pages.ts';
import type { Route } from '../provider/route.ts';
import { isAllowedOrigin } from '../realm/client.ts';

/**
 * OpenID Connect Session Management 1.0 §3.3, as in Keycloak: a client's page posts `<client> <session_state>` and gets the
 * answer whether this browser is still signed in with that session.
 */
const LOGIN_STATUS_SCRIPT = `
let known;
let refused = false;

addEventListener('message', async (event) => {
  const parts = typeof event.data === 'string' ? event.data.split(' ') : [];
  if (parts.length !== 2) return;
  event.source.postMessage(await statusFor(parts[0], event.origin, parts[1]), event.origin);
});

async function statusFor(client, origin, session) {
  if (known === undefined) {
    if (refused) return 'error';
    refused = true;
    const query = new URLSearchParams({ client_id: client, origin });
    const answer = await fetch(location.origin + location.pathname + '/init?' + query);
    if (!answer.ok) return 'error';
    known = { client, origin };
  }
  if (known.client !== client || known.origin !== origin) return 'error';
  const cookie = /(?:^|; *)KEYCLOAK_SESSION=([^;]*)/.exec(document.cookie)?.[1];
  if (!cookie) return session === '' ? 'unchanged' : 'changed';
  return cookie === (await hash(session)) ? 'unchanged' : 'changed';
}

async function hash(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-384', new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_');
}
`;

/** Tells a client's page whether cookies reach a frame of this provider: not if the two are different sites. */
const THIRD_PARTY_COOKIES_SCRIPT = `
document.cookie = 'KEYCLOAK_3P_COOKIE=supported; Max-Age=60; SameSite=Lax';
const supported = document.cookie.includes('KEYCLOAK_3P_COOKIE=supported');
document.cookie = 'KEYCLOAK_3P_COOKIE=; Max-Age=0; SameSite=Lax';
parent.postMessage(supported ? 'supported' : 'unsupported', '*');
`;

const BASE = '/protocol/openid-connect';
const FRAME = `${BASE}/login-status-iframe.html`;

/** The frames of keycloak-js: whether the person is still signed in, and whether cookies reach a frame at all. */
export const loginStatusRoutes: readonly Route[] = [
  pageAt(FRAME, LOGIN_STATUS_SCRIPT),
  pageAt(`${BASE}/3p-cookies/step1.html`, THIRD_PARTY_COOKIES_SCRIPT),
  pageAt(`${BASE}/3p-cookies/step2.html`, THIRD_PARTY_COOKIES_SCRIPT),
  {
    endpoint: 'status',
    path: `${FRAME}/init`,
    methods: ['GET'],
    handler({ provider, request, reply }) {
      const query = queryOf(request);
      const client = provider.realm.client(query.get('client_id') ?? '');
      const origin = query.get('origin') ?? '';
      const known =
        origin === ownOrigin(request) || (client !== undefined && isAllowedOrigin(client, origin));
      return reply.code(client?.enabled && origin !== '' && known ? 204 : 403).send();
    },
  },
];

function pageAt(path: string, script: string): Route {
  const send = createScriptPage(script);
  return { endpoint: 'status', path, methods: ['GET'], handler: ({ reply }) => send(reply) };
}
