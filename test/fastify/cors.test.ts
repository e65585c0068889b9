import assert from 'node:assert/strict';
import { it } from 'node:test';
import cors from '@fastify/cors';
import { start } from './guarded-app.ts';

const origin = 'https://app.example.com';
const preflight = {
  method: 'OPTIONS',
  url: '/orders',
  headers: {
    origin,
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization',
  },
} as const;

it('with @fastify/cors between keycloakGuard and guardAll preflights pass, and refusals can be read by the page', async () => {
  const { realm, verifier, app } = await start();
  await app.register(cors, { origin, exposedHeaders: ['WWW-Authenticate', 'Retry-After'] });
  app.guardAll();
  app.get('/orders', () => 'orders');
  const allowed = await app.inject(preflight);
  assert.equal(allowed.statusCode, 204);
  assert.equal(allowed.headers['access-control-allow-origin'], origin);
  assert.equal(allowed.headers['access-control-allow-headers'], 'authorization');
  for (const [authorization, status] of [
    ['', 401],
    [`Bearer ${realm.mint()}`, 200],
  ] as const) {
    const answer = await app.inject({ url: '/orders', headers: { origin, authorization } });
    assert.equal(answer.statusCode, status);
    assert.equal(answer.headers['access-control-allow-origin'], origin);
    assert.equal(answer.headers['access-control-expose-headers'], 'WWW-Authenticate, Retry-After');
  }
  // What is no preflight is guarded as everything else.
  const options = await app.inject({ method: 'OPTIONS', url: '/orders', headers: { origin } });
  assert.notEqual(options.statusCode, 200);
  await app.close();
  await verifier.close();
});

it('with guardAll before @fastify/cors preflights are refused: they bring no token, ever', async () => {
  const { verifier, app } = await start();
  app.guardAll();
  await app.register(cors, { origin });
  app.get('/orders', () => 'orders');
  const refused = await app.inject(preflight);
  assert.equal(refused.statusCode, 401);
  assert.equal(refused.headers['access-control-allow-origin'], undefined);
  await app.close();
  await verifier.close();
});
