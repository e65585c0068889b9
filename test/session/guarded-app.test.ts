import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { keycloakGuard, keycloakSession } from '../../packages/guard/src/adapters/fastify/index.ts';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { createTestRealm } from '../support/test-realm.ts';

test('whatever else of an app is guarded, people can sign in and out', async (t) => {
  const idp = await startTestIdp();
  const keycloak = {
    serverUrl: idp.url,
    realm: 'testing',
    clientId: 'fastapi-keycloak',
    clientSecret: 'for-development-only',
  };
  const app = Fastify();
  t.after(async () => {
    await app.close();
    await idp.close();
  });
  await app.register(keycloakGuard, keycloak);
  await app.register(keycloakSession, {
    client: createClient(keycloak),
    secret: 'of-32-characters-or-more-for-tests',
  });
  app.guardAll();
  app.get('/hello', () => 'hello');

  assert.equal((await app.inject('/hello')).statusCode, 401);
  assert.equal((await app.inject('/auth/login')).statusCode, 303);
  assert.equal((await app.inject('/auth/callback')).statusCode, 400);
  assert.deepEqual((await app.inject('/auth/session')).json(), { authenticated: false });
  const out = await app.inject({
    method: 'POST',
    url: '/auth/logout',
    headers: { 'sec-fetch-site': 'same-origin' },
  });
  assert.equal(out.statusCode, 303);
});

test('a guard in front of the paths of sessions is refused there, and sends no browser round in circles', async (t) => {
  const { serverUrl, realm, clientId, fetch, clock } = createTestRealm();
  const app = Fastify();
  t.after(() => app.close());
  const options = { serverUrl, realm, clientId, fetch, clock, onNotice: false, logRefusals: false } as const;
  await app.register(keycloakGuard, { ...options, clientSecret: 'for-development-only' });
  // The order is a mistake, which people make: `guardAll` would leave those paths open.
  app.addHook('onRequest', app.guard());
  await app.register(keycloakSession, {
    ...{ secret: 'of-32-characters-or-more-for-tests', publicUrl: 'http://localhost:3000' },
  });
  app.get('/orders', () => 'orders');
  const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const open = async (url: string) => {
    const { statusCode, headers: sent, body } = await app.inject({ url, headers });
    return [statusCode, sent.location, sent['www-authenticate'], body];
  };
  assert.deepEqual((await open('/orders')).slice(0, 2), [303, '/auth/login?return_to=%2Forders']);
  for (const url of ['/auth/login', '/auth/login?return_to=%2Forders'])
    assert.deepEqual(await open(url), [401, undefined, 'Bearer', '{"detail":"Not authenticated"}']);
});
