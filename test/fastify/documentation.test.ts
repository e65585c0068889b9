import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import swagger from '@fastify/swagger';
import fastify from 'fastify';
import keycloakGuard from '../../packages/guard/src/adapters/fastify/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

const BEARER = { type: 'http', scheme: 'bearer' } as const;

type Operation = { security?: unknown; responses: Record<string, { description: string }> };

async function documented() {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  const app = fastify();
  await app.register(swagger, {
    openapi: { components: { securitySchemes: { keycloak: BEARER, mine: BEARER } } },
  });
  await app.register(keycloakGuard, { verifier, securityScheme: 'keycloak' });
  app.get('/open', () => 'open');
  app.get('/any', { onRequest: app.guard() }, () => 'any');
  app.get(
    '/scope',
    { onRequest: [app.guard({ scope: 'b', anyOf: [{ scope: 'a' }, { realmRole: 'x' }] })] },
    () => '',
  );
  app.get('/maybe', { onRequest: app.guard({ optional: true }) }, () => 'maybe');
  app.get('/option', { config: { guard: { realmRole: 'admin' } } }, () => 'option');
  app.get(
    '/own',
    {
      onRequest: app.guard(),
      schema: {
        security: [{ mine: [] }],
        response: {
          200: { description: 'Mine', type: 'string' },
          401: { description: 'Out', type: 'string' },
        },
      },
    },
    () => 'own',
  );
  const both = [app.guard(), app.guard({ scope: 'x' })];
  app.get('/own/both', { onRequest: both, schema: { security: [{ mine: [] }] } }, () => 'own');
  await app.register(async (scope) => {
    scope.guardAll({ scope: 'all' });
    scope.get('/scope/plain', () => '');
    scope.get('/scope/open', { config: { guard: false } }, () => '');
    scope.get('/scope/admin', { onRequest: scope.guard({ scope: 'more', realmRole: 'admin' }) }, () => '');
  });
  await app.register(async (scope) => {
    scope.guardAll();
    scope.get('/all/admin', { onRequest: scope.guard({ realmRole: 'admin' }) }, () => '');
  });
  await app.ready();
  const { paths } = app.swagger() as unknown as { paths: Record<string, { get: Operation }> };
  return { app, of: (path: string) => (paths[path] as { get: Operation }).get };
}

describe('the OpenAPI document', () => {
  it('says what the guards mean', async () => {
    const { app, of } = await documented();
    const summary = (path: string) => [of(path).security, Object.keys(of(path).responses).sort().join(' ')];
    assert.deepEqual(summary('/open'), [undefined, '200']);
    assert.deepEqual(summary('/any'), [[{ keycloak: [] }], '200 401 503']);
    assert.deepEqual(summary('/scope'), [[{ keycloak: ['b', 'a'] }], '200 401 403 503']);
    assert.deepEqual(summary('/maybe'), [[{ keycloak: [] }, {}], '200 401 503']);
    assert.deepEqual(summary('/option'), [[{ keycloak: [] }], '200 401 403 503']);
    assert.deepEqual(summary('/own'), [[{ mine: [] }], '200 401 503']);
    assert.deepEqual(summary('/own/both'), [[{ mine: [] }], '200 401 403 503']);
    assert.equal(of('/own').responses['401']?.description, 'Out');
    assert.equal(of('/any').responses['401']?.description, 'No bearer token, or an invalid one');
    await app.close();
  });

  it('adds up the guards of a scope and of a route in it', async () => {
    const { app, of } = await documented();
    assert.deepEqual(of('/scope/plain').security, [{ keycloak: ['all'] }]);
    assert.equal(of('/scope/open').security, undefined);
    assert.deepEqual(Object.keys(of('/scope/open').responses), ['200']);
    assert.deepEqual(of('/scope/admin').security, [{ keycloak: ['more', 'all'] }]);
    assert.ok(of('/scope/admin').responses['403']);
    assert.ok(of('/all/admin').responses['403'], 'the guard of the route was forgotten');
    await app.close();
  });
});
