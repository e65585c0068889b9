import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { accountProfileRoute, addAccountSessions, addAdmin } from './endpoints/account.ts';
import { authorizationRoute } from './endpoints/authorization.ts';
import { addClientRegistration } from './endpoints/client-registration.ts';
import { deviceRoutes } from './endpoints/device.ts';
import {
  discoveryRoute,
  jwksRoute,
  oauthMetadataRoute,
  realmInfoRoute,
  umaConfigurationRoute,
} from './endpoints/discovery.ts';
import { consentRoute, loginRoute, requiredActionRoute } from './endpoints/login.ts';
import { loginStatusRoutes } from './endpoints/login-status.ts';
import { logoutRoutes } from './endpoints/logout.ts';
import { tokenRoute } from './endpoints/token.ts';
import { introspectionRoute, revocationRoute, userinfoRoute } from './endpoints/token-state.ts';
import { Fault, unexpected } from './fault.ts';
import { parseForms } from './http/bodies.ts';
import { assertOwnHost } from './http/headers.ts';
import type { Endpoint, Misbehaviour } from './http/misbehaviour.ts';
import type { Provider, Realms } from './provider/provider.ts';
import { addRoute, type Route } from './provider/route.ts';
import { addProtectionApi } from './uma/protection-api.ts';

interface AppOptions {
  publicUrl: string | undefined;
  anyHost: boolean;
  misbehaviour: Misbehaviour;
  onRequest(endpoint: Endpoint): void;
}

/** Under the path of a realm. */
const ROUTES: readonly Route[] = [
  realmInfoRoute,
  discoveryRoute,
  jwksRoute,
  tokenRoute,
  userinfoRoute,
  introspectionRoute,
  revocationRoute,
  ...logoutRoutes,
  ...loginStatusRoutes,
  accountProfileRoute,
  authorizationRoute,
  ...deviceRoutes,
  umaConfigurationRoute,
  loginRoute,
  consentRoute,
  requiredActionRoute,
];
const HEADERS = {
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'x-robots-tag': 'none',
};

/** The app with every endpoint under Keycloak's URLs. It does not listen. */
export function buildApp(
  realms: Realms,
  { publicUrl, anyHost, misbehaviour, onRequest }: AppOptions,
): FastifyInstance {
  const app = Fastify({
    bodyLimit: 2 ** 20,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1000 },
  });
  app.decorate('publicUrl', publicUrl);
  // Set by a hook, before every handler.
  app.decorateRequest('provider', null as unknown as Provider);
  parseForms(app);

  if (!anyHost) app.addHook('onRequest', async (request) => assertOwnHost(request));
  app.addHook('onRequest', async (request, reply) => {
    // Whoever broke the provider can mend it.
    if (request.routeOptions.config.isControl) return;
    const endpoint = request.routeOptions.config.endpoint ?? 'other';
    onRequest(endpoint);
    await misbehaviour.apply(endpoint, reply);
  });
  // Keycloak sends `application/json` without a charset (RFC 8259 §11).
  app.addHook('onSend', async (_request, reply) => {
    if (reply.getHeader('content-type') === 'application/json; charset=utf-8')
      reply.header('content-type', 'application/json');
  });
  app.setErrorHandler((error: FastifyError | Fault, _request, reply) => {
    if (error instanceof Fault) return reply.code(error.statusCode).send(error.toBody());
    if (error.statusCode === 413) return reply.code(413).send({ error: 'HTTP 413 Request Entity Too Large' });
    if (error.statusCode !== undefined && error.statusCode < 500)
      return reply.code(error.statusCode).send({ error: 'invalid_request' });
    console.error(error);
    return reply.code(500).send(unexpected().toBody());
  });
  app.setNotFoundHandler((request, reply) => {
    if (request.url.split('?')[0]!.includes('//'))
      return reply
        .code(400)
        .send({ error: 'missingNormalization', error_description: 'Request path not normalized' });
    const realm = /^\/realms\/([^/?]+)/.exec(request.url)?.[1];
    if (realm === undefined)
      return reply.code(404).send({ error: 'Unable to find matching target resource method' });
    reply.headers(HEADERS);
    return reply.code(404).send({
      error: realms.find(decodeURIComponent(realm)) ? 'HTTP 404 Not Found' : 'Realm does not exist',
    });
  });

  addAdmin(app, realms);
  app.register(async (scope) => {
    scope.addHook('onRequest', async (request, reply) => {
      reply.headers(HEADERS);
      const provider = realms.find((request.params as { realm: string }).realm);
      if (provider === undefined) throw new Fault(404, 'Realm does not exist');
      request.provider = provider;
      const endpoint = request.routeOptions.config.endpoint ?? 'other';
      await provider.misbehaviour.apply(endpoint, reply);
      assertUsable(provider, endpoint);
    });
    addRoute(scope, oauthMetadataRoute);
    scope.register(
      async (inRealm) => {
        for (const route of ROUTES) addRoute(inRealm, route);
        addAccountSessions(inRealm);
        addClientRegistration(inRealm);
        addProtectionApi(inRealm);
      },
      { prefix: '/realms/:realm' },
    );
  });
  return app;
}

/** Refuses plain HTTP and disabled realms where Keycloak does: its keys can still be read. */
function assertUsable({ realm }: Provider, endpoint: Endpoint | undefined): void {
  const { sslRequired, enabled } = realm.settings;
  const tokens = endpoint === 'token' || endpoint === 'introspection' || endpoint === 'revocation';
  if (sslRequired?.toLowerCase() === 'all' && endpoint !== 'realm' && endpoint !== 'userinfo')
    throw new Fault(403, 'invalid_request', 'HTTPS required');
  if (enabled === false && tokens) throw new Fault(403, 'access_denied', 'Realm not enabled');
}
