// How to test an API that keycloak-guard protects: against the embedded provider, with real tokens, without Keycloak.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import type { FastifyInstance } from 'fastify';
import { buildServer } from './one-route.ts';

let keycloak: DevIdp;
let app: FastifyInstance;

before(async () => {
  keycloak = await startDevIdp();
  app = await buildServer({ serverUrl: keycloak.url, realm: 'testing', clientId: 'fastapi-keycloak' });
});
after(async () => {
  await app.close();
  await keycloak.close();
});

const get = (token: string) => app.inject({ url: '/me', headers: { authorization: `Bearer ${token}` } });

test('a user with a token is greeted by name', async () => {
  const response = await get(await keycloak.issueToken({ username: 'abdullah' }));
  assert.equal(response.statusCode, 200);
  assert.deepEqual(response.json(), { hello: 'abdullah' });
});

test('a token that expired is refused', async () => {
  const expired = await keycloak.issueToken({ username: 'abdullah', claims: { exp: 1 } });
  const response = await get(expired);
  assert.equal(response.statusCode, 401);
  assert.equal(
    response.headers['www-authenticate'],
    'Bearer error="invalid_token", error_description="The access token expired"',
  );
});

test('a new key in Keycloak is learnt while the old tokens go on working', async () => {
  const before = await keycloak.issueToken({ username: 'abdullah' });
  await keycloak.rotateKeys({ keepOld: true });
  const after = await keycloak.issueToken({ username: 'abdullah' });
  assert.equal((await get(before)).statusCode, 200);
  assert.equal((await get(after)).statusCode, 200);
});
