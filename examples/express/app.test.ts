// How to test an Express app with its login: against the embedded provider, with real tokens, without Keycloak.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import { buildApp } from './app.ts';

let idp: DevIdp;
let server: Server;
let url: string;

before(async () => {
  idp = await startDevIdp();
  const realm = { serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' };
  const app = buildApp(
    { ...realm, clientSecret: 'for-development-only' },
    'a-secret-of-the-tests-0123456789',
  );
  server = app.listen(0);
  await once(server, 'listening');
  url = `http://localhost:${(server.address() as AddressInfo).port}`;
  idp.updateClient('fastapi-keycloak', { redirectUris: [`${url}/*`] });
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await idp.close();
});

async function call(path: string, username?: string, init: RequestInit = {}) {
  const token = username === undefined ? undefined : await idp.issueToken({ username });
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { 'content-type': 'application/json', ...authorization };
  return fetch(`${url}${path}`, { ...init, headers, redirect: 'manual' });
}

test('who has no token gets 401 and is told how to come back', async () => {
  const answer = await call('/orders');
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
  assert.deepEqual(await answer.json(), { detail: 'Not authenticated' });
});

test('each sees their own orders, an administrator sees all', async () => {
  const ordered = await call('/orders', 'abdullah', { method: 'POST', body: '{"item":"tea"}' });
  assert.equal(ordered.status, 201);
  const seenBy = async (path: string, username: string) => (await call(path, username)).json();
  assert.equal(((await seenBy('/orders', 'abdullah')) as unknown[]).length, 1);
  assert.deepEqual(await seenBy('/orders', 'sara'), []);
  assert.equal(((await seenBy('/all', 'sara')) as unknown[]).length, 1);
  assert.equal((await call('/all', 'abdullah')).status, 403);
});

test('the login leads to Keycloak, and to no other place afterwards', async () => {
  const login = await call('/auth/login?return_to=//evil.example');
  const there = new URL(login.headers.get('location') ?? '');
  assert.deepEqual([login.status, there.origin], [303, idp.url]);
  assert.equal(there.searchParams.get('redirect_uri'), `${url}/auth/callback`);
});
