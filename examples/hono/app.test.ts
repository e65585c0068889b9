import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import type { Hono } from 'hono';
import { buildApp } from './app.ts';

let keycloak: DevIdp;
let app: Hono;
const as = async (username: string) => ({
  authorization: `Bearer ${await keycloak.issueToken({ username })}`,
});

before(async () => {
  keycloak = await startDevIdp();
  app = buildApp({
    serverUrl: keycloak.url,
    realm: 'testing',
    clientId: 'fastapi-keycloak',
    clientSecret: 'for-development-only',
    session: { secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826', publicUrl: 'http://localhost:3000' },
  });
});
after(() => keycloak.close());

test('everybody sees what is theirs, and nobody without a token anything', async () => {
  const body = JSON.stringify({ what: 'tea' });
  const made = await app.request('/api/orders', { method: 'POST', body, headers: await as('abdullah') });
  assert.equal(made.status, 201);
  const mine = await (await app.request('/api/orders', { headers: await as('abdullah') })).json();
  assert.deepEqual(
    mine.map(({ what }: { what: string }) => what),
    ['tea'],
  );
  assert.deepEqual(await (await app.request('/api/orders', { headers: await as('sara') })).json(), []);
  const nobody = await app.request('/api/orders');
  assert.deepEqual([nobody.status, nobody.headers.get('www-authenticate')], [401, 'Bearer']);
});

test('all orders are for admins', async () => {
  assert.equal((await app.request('/api/all-orders', { headers: await as('abdullah') })).status, 403);
  assert.equal((await app.request('/api/all-orders', { headers: await as('sara') })).status, 200);
});

test('a person who opens the page is sent to the login', async () => {
  const answer = await app.request('/', { headers: { accept: 'text/html' } });
  assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/auth/login?return_to=%2F']);
});
