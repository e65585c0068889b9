import type { FastifyInstance } from 'fastify';
import { queryOf } from '../http/form.ts';
import { ownOrigin } from '../http/issuer.ts';
import { addRoute } from '../http/route.ts';
import { LOGIN_STATUS_SCRIPT, THIRD_PARTY_COOKIES_SCRIPT } from '../pages/login-status-script.ts';
import { createScriptPage, sendScriptPage } from '../pages/script-page.ts';
import { isAllowedOrigin } from '../realm/origins.ts';

const STATUS = createScriptPage(LOGIN_STATUS_SCRIPT);
const COOKIES = createScriptPage(THIRD_PARTY_COOKIES_SCRIPT);
const BASE = '/protocol/openid-connect';

/** The frames of keycloak-js: whether the person is still signed in, and whether cookies reach a frame at all. */
export function addLoginStatus(app: FastifyInstance): void {
  for (const [path, page] of [
    ['/login-status-iframe.html', STATUS],
    ['/3p-cookies/step1.html', COOKIES],
    ['/3p-cookies/step2.html', COOKIES],
  ] as const) {
    addRoute(app, {
      endpoint: 'status',
      path: BASE + path,
      methods: ['GET'],
      handler: ({ reply }) => sendScriptPage(reply, page),
    });
  }
  addRoute(app, {
    endpoint: 'status',
    path: `${BASE}/login-status-iframe.html/init`,
    methods: ['GET'],
    handler(exchange) {
      const { request, reply } = exchange;
      const { realm } = exchange.provider;
      const query = queryOf(request);
      const client = realm.client(query.get('client_id') ?? '');
      const origin = query.get('origin') ?? '';
      const known =
        origin === ownOrigin(request) || (client !== undefined && isAllowedOrigin(client, origin));
      return reply.code(client?.enabled && origin !== '' && known ? 204 : 403).send();
    },
  });
}
