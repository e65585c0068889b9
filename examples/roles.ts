// Roles of the realm and of clients, groups, scopes, alternatives, and a check of one's own.
import Fastify, { type FastifyInstance } from 'fastify';
import keycloakGuard, { type KeycloakGuardOptions } from 'keycloak-guard/fastify';

export async function buildServer(options: KeycloakGuardOptions): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(keycloakGuard, {
    ...options,
    // For an audit trail: who was refused, where, and why. Never holds the token.
    onDenied: (request, error) => request.log.info({ url: request.url, code: error.code }, 'refused'),
  });

  const can = app.guard;
  app.get('/admin', { onRequest: can({ realmRole: 'admin' }) }, () => 'realm role');
  app.get('/documents', { onRequest: can({ clientRole: 'reader' }) }, () => "role of this API's own client");
  app.get(
    '/other',
    { onRequest: can({ clientRole: { 'other-service': 'operator' } }) },
    () => 'of another client',
  );
  app.get('/profile', { onRequest: can({ scope: ['profile', 'email'] }) }, () => 'both scopes');
  app.get('/staff', { onRequest: can({ groupTree: '/staff' }) }, () => 'in the group or below it');
  app.get(
    '/reports',
    { onRequest: can({ anyOf: [{ realmRole: 'admin' }, { realmRole: 'auditor' }] }) },
    () => 'either',
  );
  app.get(
    '/verified',
    { onRequest: can({ check: (principal) => principal.claims.email_verified === true }) },
    () => 'a function of the principal',
  );
  // The same as a route option, for routes that are made from data.
  app.get('/data', { config: { guard: { realmRole: 'user' } } }, () => 'as a route option');
  // A request without a token is welcome, one with a bad token is not.
  app.get(
    '/greeting',
    { onRequest: can({ optional: true }) },
    (request) => `Hello ${request.principal?.name ?? 'you'}`,
  );

  return app;
}
