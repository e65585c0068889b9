// Everything registered in a scope needs a token; what is outside does not. No list of URLs to keep in step.
import Fastify, { type FastifyInstance } from 'fastify';
import keycloakGuard, { type KeycloakGuardOptions } from 'keycloak-guard/fastify';

export async function buildServer(options: KeycloakGuardOptions): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(keycloakGuard, options);

  app.get('/status', () => ({ up: true }));
  await app.register(
    async (orders) => {
      orders.guardAll({ realmRole: 'user' });
      orders.get('/', (request) => ({ ordersOf: request.principal?.subject }));
      // On top of the scope's own guard.
      orders.delete('/:id', { onRequest: app.guard({ realmRole: 'admin' }) }, () => ({ deleted: true }));
    },
    { prefix: '/orders' },
  );

  return app;
}
