// How to test a hapi app with its login: against the embedded provider, with real tokens, without Keycloak.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Server } from '@hapi/hapi';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import { buildApp } from './app.ts';

let idp: DevIdp;
let server: Server;
let url: string;

before(async () => {
  idp = await startDevIdp();
  const realm = { serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' };
  server = await buildApp({
    ...realm,
    clientSecret: 'for-development-only',
    session: { secret: 'a-secret-of-the-tests-0123456789' },
  });
  await server.start();
  url = server.info.uri;
});
after(async () => {
  await server.stop({ timeout: 1 });
  await idp.close();
});

async function call(path: string, username?: string, init: RequestInit = {}) {
  const headers = new Headers(init.headers);
  if (username !== undefined) headers.set('authorization', `Bearer ${await idp.issueToken({ username })}`);
  return fetch(`${url}${path}`, { ...init, headers, redirect: 'manual' });
}

test('who has no token gets 401 and is told how to come back', async () => {
  const answer = await call('/notes');
  assert.deepEqual([answer.status, answer.headers.get('www-authenticate')], [401, 'Bearer']);
  assert.deepEqual(await answer.json(), { detail: 'Not authenticated' });
});

test('each sees their own notes, an administrator how many there are', async () => {
  const written = await call('/notes', 'abdullah', { method: 'POST', body: 'buy tea' });
  assert.equal(written.status, 201);
  assert.equal(((await (await call('/notes', 'abdullah')).json()) as unknown[]).length, 1);
  assert.deepEqual(await (await call('/notes', 'sara')).json(), []);
  assert.deepEqual(await (await call('/count', 'sara')).json(), { notes: 1 });
  assert.equal((await call('/count', 'abdullah')).status, 403);
});

test('a note without a text is a mistake of the caller’s, and one that is too long is not kept', async () => {
  assert.equal((await call('/notes', 'abdullah', { method: 'POST', body: ' ' })).status, 422);
  const body = 'a'.repeat(20_000);
  assert.equal((await call('/notes', 'abdullah', { method: 'POST', body })).status, 413);
});

test('the login leads to Keycloak, and to no other place afterwards', async () => {
  const login = await call('/auth/login?return_to=//evil.example');
  const there = new URL(login.headers.get('location') ?? '');
  assert.deepEqual([login.status, there.origin], [303, idp.url]);
  assert.equal(there.searchParams.get('redirect_uri'), `${url}/auth/callback`);
});
