import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { keycloakGuard, keycloakSession } from '../../packages/guard/src/adapters/fastify/index.ts';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { startTestIdp } from '../support/dev-idp.ts';

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
