import Fastify, { type FastifyInstance } from 'fastify';
// #if browser
import { createClient } from 'keycloak-guard/client';
import keycloakGuard, { backchannelLogout, keycloakSession } from 'keycloak-guard/fastify';
import { home } from './home.ts';
// #else
import keycloakGuard from 'keycloak-guard/fastify';
// #endif
import type { Settings } from './settings.ts';

export async function buildApp(settings: Settings): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(keycloakGuard, settings.keycloak);
  // #if browser
  await app.register(backchannelLogout);
  // #if redis
  const { revocationStore: _, ...keycloak } = settings.keycloak;
  const client = createClient(keycloak);
  // #else
  const client = createClient(settings.keycloak);
  // #endif
  await app.register(keycloakSession, { ...settings.session, client });

  app.get('/', (_request, reply) => reply.type('text/html').send(home));
  // #else

  app.get('/', () => ({ hello: 'world' }));
  // #endif

  // For Kubernetes and load balancers: whether the keys of the realm are loaded.
  app.get('/health/ready', (_request, reply) => {
    const health = app.keycloakHealth();
    return reply.code(health.isReady ? 200 : 503).send(health);
  });

  app.get('/me', { onRequest: app.guard() }, (request) => ({ hello: request.principal?.username }));

  app.get('/admin', { onRequest: app.guard({ realmRole: 'admin' }) }, () => ({ secret: 42 }));

  return app;
}
