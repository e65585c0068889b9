// People sign in with the browser: open http://localhost:3000
import Fastify from 'fastify';
import { createClient } from 'keycloak-guard/client';
import keycloakGuard, { backchannelLogout, keycloakSession } from 'keycloak-guard/fastify';

const keycloak = {
  serverUrl: process.env.KEYCLOAK_SERVER_URL ?? 'http://localhost:8080',
  realm: 'testing',
  clientId: 'fastapi-keycloak',
  clientSecret: process.env.KEYCLOAK_CLIENT_SECRET ?? '',
};

const app = Fastify();
await app.register(keycloakGuard, keycloak);
await app.register(backchannelLogout);
await app.register(keycloakSession, {
  client: createClient(keycloak),
  secret: process.env.SESSION_SECRET ?? '',
});

// Signing out is a form, for it changes something; it leads back here.
app.get('/', { onRequest: app.guard({ optional: true }) }, (request, reply) =>
  reply
    .type('text/html')
    .send(
      request.principal === null
        ? '<a href="/auth/login?return_to=/hello">Sign in</a>'
        : '<form method="post" action="/auth/logout"><button>Sign out</button></form>',
    ),
);
// Takes the session cookie as well as a bearer token.
app.get('/hello', { onRequest: app.guard() }, (request) => ({ hello: request.principal?.username }));

await app.listen({ port: Number(process.env.PORT ?? 3000) });
