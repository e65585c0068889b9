// How to test a Fastify app with its login: against the embedded provider, with real tokens, without Keycloak.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import type { FastifyInstance } from 'fastify';
import { buildApp } from './app.ts';

let idp: DevIdp;
let app: FastifyInstance;

before(async () => {
  idp = await startDevIdp();
  const client = { realm: 'testing', clientId: 'fastapi-keycloak', clientSecret: 'for-development-only' };
  app = await buildApp({ serverUrl: idp.url, ...client }, 'a-secret-of-the-tests-0123456789');
});
after(async () => {
  await app.close();
  await idp.close();
});

async function call(
  method: 'GET' | 'PUT' | 'DELETE',
  url: string,
  username?: string,
  claims: Record<string, number> = {},
) {
  const token = username === undefined ? undefined : await idp.issueToken({ username, claims });
  return app.inject({
    ...{ method, url },
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
}

test('who has no token gets 401 and is told how to come back', async () => {
  const answer = await call('GET', '/loans');
  assert.equal(answer.statusCode, 401);
  assert.equal(answer.headers['www-authenticate'], 'Bearer');
  assert.deepEqual(answer.json(), { detail: 'Not authenticated' });
});

test('a token that expired is refused, with the reason in the challenge', async () => {
  const answer = await call('GET', '/loans', 'abdullah', { exp: 1 });
  assert.equal(answer.statusCode, 401);
  assert.equal(
    answer.headers['www-authenticate'],
    'Bearer error="invalid_token", error_description="The access token expired"',
  );
});

test('each sees their own loans, and only an administrator takes a book back', async () => {
  assert.equal((await call('PUT', '/loans/emma', 'abdullah')).statusCode, 201);
  assert.equal((await call('PUT', '/loans/emma', 'sara')).statusCode, 409);
  assert.deepEqual((await call('GET', '/loans', 'abdullah')).json(), ['emma']);
  assert.deepEqual((await call('GET', '/loans', 'sara')).json(), []);
  assert.equal((await call('DELETE', '/loans/emma', 'abdullah')).statusCode, 403);
  assert.deepEqual((await call('DELETE', '/loans/emma', 'sara')).json(), { returned: true });
});

test('a new key in Keycloak is learnt while the old tokens go on working', async () => {
  const old = await idp.issueToken({ username: 'abdullah' });
  await idp.rotateKeys({ keepOld: true });
  for (const token of [old, await idp.issueToken({ username: 'abdullah' })]) {
    const headers = { authorization: `Bearer ${token}` };
    assert.equal((await app.inject({ url: '/loans', headers })).statusCode, 200);
  }
});

test('the login leads to Keycloak, and comes back to the app', async () => {
  const { statusCode, headers } = await call('GET', '/auth/login?return_to=/loans');
  const there = new URL(String(headers.location));
  assert.deepEqual([statusCode, there.origin], [303, idp.url]);
  assert.match(there.searchParams.get('redirect_uri') ?? '', /\/auth\/callback$/);
});
