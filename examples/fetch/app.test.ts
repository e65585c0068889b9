// How to test handlers of `Request`: call them. The embedded provider gives real tokens, without Keycloak and without a server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import { type App, buildApp } from './app.ts';

const ORIGIN = 'http://localhost:3000';
let idp: DevIdp;
let app: App;

before(async () => {
  idp = await startDevIdp();
  app = buildApp({
    serverUrl: idp.url,
    realm: 'testing',
    clientId: 'fastapi-keycloak',
    clientSecret: 'for-development-only',
    session: { secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826', publicUrl: ORIGIN },
  });
});
after(() => idp.close());

async function call(path: string, username?: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (username !== undefined) headers.set('authorization', `Bearer ${await idp.issueToken({ username })}`);
  return app.fetch(new Request(`${ORIGIN}${path}`, { ...init, headers }));
}

test('whoever has a token shortens links; everybody follows them', async () => {
  const body = 'https://www.keycloak.org/docs';
  const refused = await call('/links', undefined, { method: 'POST', body });
  assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Bearer']);
  assert.equal(
    (await call('/links', 'abdullah', { method: 'POST', body: 'javascript:alert(1)' })).status,
    422,
  );

  const made = await call('/links', 'abdullah', { method: 'POST', body });
  assert.equal(made.status, 201);
  const { short } = (await made.json()) as { short: string };
  const followed = await call(short);
  assert.deepEqual([followed.status, followed.headers.get('location')], [302, body]);
});

test('each sees their own links, an administrator all of them', async () => {
  const seen = async (path: string, username: string) =>
    ((await (await call(path, username)).json()) as unknown[]).length;
  assert.deepEqual([await seen('/links', 'abdullah'), await seen('/links', 'sara')], [1, 0]);
  assert.equal(await seen('/all-links', 'sara'), 1);
  assert.equal((await call('/all-links', 'abdullah')).status, 403);
});

test('a person who opens the page is sent to the login, which leads to Keycloak', async () => {
  const invited = await call('/links', undefined, { headers: { accept: 'text/html' } });
  assert.equal(invited.status, 303);
  const login = await call(invited.headers.get('location') ?? '');
  assert.equal(new URL(login.headers.get('location') ?? '').origin, idp.url);
});
