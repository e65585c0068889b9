// How to test a server without a framework: against the embedded provider, with real tokens, without Keycloak.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import { buildServer } from './app.ts';

let idp: DevIdp;
let server: Server;
let url: string;

before(async () => {
  idp = await startDevIdp();
  const realm = { serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' };
  server = buildServer(
    { ...realm, clientSecret: 'for-development-only' },
    'a-secret-of-the-tests-0123456789',
  );
  server.listen(0);
  await once(server, 'listening');
  url = `http://localhost:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await idp.close();
});

async function call(path: string, username?: string, init: RequestInit = {}) {
  const headers = new Headers(init.headers);
  if (username !== undefined) headers.set('authorization', `Bearer ${await idp.issueToken({ username })}`);
  return fetch(`${url}${path}`, { ...init, headers, redirect: 'manual' });
}

test('the time is for everybody, a profile for its owner', async () => {
  assert.equal((await call('/time')).status, 200);
  const refused = await call('/profile');
  assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Bearer']);
  const { name } = (await (await call('/profile', 'abdullah')).json()) as { name: string };
  assert.equal(name, 'Abdullah Alqahtani');
  assert.equal((await call('/nothing')).status, 404);
});

test('a restart is for administrators', async () => {
  assert.equal((await call('/restart', 'abdullah', { method: 'POST' })).status, 403);
  assert.equal((await call('/restart', 'sara', { method: 'POST' })).status, 200);
});

test('the login leads to Keycloak, and to no other place afterwards', async () => {
  const login = await call('/auth/login?return_to=//evil.example');
  const there = new URL(login.headers.get('location') ?? '');
  assert.deepEqual([login.status, there.origin], [303, idp.url]);
  assert.equal(there.searchParams.get('redirect_uri'), `${url}/auth/callback`);
  assert.match(await (await call('/')).text(), /Sign in/);
});
