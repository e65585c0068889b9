// One route that needs a token, in a Fastify application that has others.
import Fastify, { type FastifyInstance } from 'fastify';
import keycloakGuard, { type KeycloakGuardOptions } from 'keycloak-guard/fastify';

export async function buildServer(options: KeycloakGuardOptions): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(keycloakGuard, options);

  app.get('/', () => ({ hello: 'world' }));
  app.get('/me', { onRequest: app.guard() }, (request) => ({ hello: request.principal?.username }));

  return app;
}
