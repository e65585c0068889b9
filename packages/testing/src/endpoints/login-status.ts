import { queryOf } from '../http/bodies.ts';
import { ownOrigin } from '../http/headers.ts';
import { createScriptPage } from '../pages/layout.ts';
import { LOGIN_STATUS_SCRIPT, THIRD_PARTY_COOKIES_SCRIPT } from '../pages/login-status-script.ts';
import type { Route } from '../provider/route.ts';
import { isAllowedOrigin } from '../realm/client.ts';

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
