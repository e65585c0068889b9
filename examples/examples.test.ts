// Runs every example against the embedded provider, after `npm run build`.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import type { FastifyInstance } from 'fastify';
import * as noFramework from './no-framework.ts';
import * as oneScope from './one-scope.ts';
import * as roles from './roles.ts';
import * as severalRealms from './several-realms.ts';

const realmFile = new URL('../packages/testing/testing-realm.json', import.meta.url);
let keycloak: DevIdp;
let tokens: { abdullah: string; sara: string };

before(async () => {
  keycloak = await startDevIdp({ realmFile });
  tokens = {
    abdullah: await keycloak.issueToken({ username: 'abdullah' }),
    sara: await keycloak.issueToken({ username: 'sara' }),
  };
});
after(() => keycloak.close());

const options = () => ({ serverUrl: keycloak.url, realm: 'testing', clientId: 'fastapi-keycloak' });

async function statusOf(app: FastifyInstance, url: string, token?: string, method: 'GET' | 'DELETE' = 'GET') {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (await app.inject({ method, url, headers })).statusCode;
}

test('one-scope.ts: what is in the scope needs a token, what is outside does not', async (t) => {
  const app = await oneScope.buildServer(options());
  t.after(() => app.close());
  assert.equal(await statusOf(app, '/status'), 200);
  assert.equal(await statusOf(app, '/orders'), 401);
  assert.equal(await statusOf(app, '/orders', tokens.abdullah), 200);
  assert.equal(await statusOf(app, '/orders/1', tokens.abdullah, 'DELETE'), 403);
  assert.equal(await statusOf(app, '/orders/1', tokens.sara, 'DELETE'), 200);
});

test('roles.ts: each guard lets the administrator pass, and the plain user where they may', async (t) => {
  const app = await roles.buildServer(options());
  t.after(() => app.close());
  const expected: [string, number, number][] = [
    ['/admin', 403, 200],
    ['/documents', 403, 200],
    ['/other', 403, 200],
    ['/profile', 200, 200],
    ['/staff', 403, 200],
    ['/reports', 403, 200],
    ['/verified', 200, 200],
    ['/data', 200, 200],
    ['/greeting', 200, 200],
  ];
  for (const [url, plain, admin] of expected) {
    assert.equal(await statusOf(app, url, tokens.abdullah), plain, `${url} as abdullah`);
    assert.equal(await statusOf(app, url, tokens.sara), admin, `${url} as sara`);
  }
  assert.equal(await statusOf(app, '/greeting'), 200);
  assert.equal(await statusOf(app, '/greeting', 'broken'), 401);
});

test('several-realms.ts: tokens of both realms are good, each by its own keys', async (t) => {
  const other = await startDevIdp({ realmFile });
  t.after(() => other.close());
  const app = await severalRealms.buildServer(options(), { ...options(), serverUrl: other.url });
  t.after(() => app.close());
  for (const provider of [keycloak, other]) {
    const token = await provider.issueToken({ username: 'abdullah' });
    const response = await app.inject({ url: '/me', headers: { authorization: `Bearer ${token}` } });
    assert.equal(response.json().issuer, provider.issuer);
  }
});

test('no-framework.ts: a plain server answers with status, challenge and body', async (t) => {
  const server = noFramework.buildServer(options()).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const good = await fetch(url, {
    headers: { authorization: `Bearer ${tokens.abdullah}`, connection: 'close' },
  });
  assert.deepEqual(await good.json(), { hello: 'abdullah' });
  const bad = await fetch(url, { headers: { connection: 'close' } });
  assert.equal(bad.status, 401);
  assert.equal(bad.headers.get('www-authenticate'), 'Bearer');
  assert.deepEqual(await bad.json(), { detail: 'Not authenticated' });
});
