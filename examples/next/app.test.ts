// How to test route handlers of Next.js: they are functions. The embedded provider gives real tokens, without Keycloak and
// without Next.js.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import { GET as allOrders } from './app/api/all-orders/route.ts';
import { GET as myOrders, POST as order } from './app/api/orders/route.ts';
import { GET as auth } from './app/auth/[...path]/route.ts';
import { POST as backchannelLogout } from './app/backchannel-logout/route.ts';
import { kc } from './lib/keycloak.ts';

const ORIGIN = 'http://localhost:3000';
let idp: DevIdp;

// The options are read with the first request, so the environment may come after the imports.
before(async () => {
  idp = await startDevIdp();
  Object.assign(process.env, {
    KEYCLOAK_SERVER_URL: idp.url,
    KEYCLOAK_CLIENT_SECRET: 'for-development-only',
    SESSION_SECRET: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    PUBLIC_URL: ORIGIN,
  });
});
after(async () => {
  await kc.close();
  await idp.close();
});

async function ask(username?: string, path = '/api/orders', init: RequestInit = {}): Promise<Request> {
  const headers = new Headers(init.headers);
  if (username !== undefined) headers.set('authorization', `Bearer ${await idp.issueToken({ username })}`);
  return new Request(`${ORIGIN}${path}`, { ...init, headers });
}

test('each sees their own orders, an administrator all of them', async () => {
  const refused = await myOrders(await ask());
  assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Bearer']);
  const post = { method: 'POST', body: 'tea' };
  assert.equal((await order(await ask('abdullah', '/api/orders', post))).status, 201);
  const count = async (answer: Response) => ((await answer.json()) as unknown[]).length;
  assert.equal(await count(await myOrders(await ask('abdullah'))), 1);
  assert.equal(await count(await myOrders(await ask('sara'))), 0);
  assert.equal(await count(await allOrders(await ask('sara', '/api/all-orders'))), 1);
  assert.equal((await allOrders(await ask('abdullah', '/api/all-orders'))).status, 403);
});

test('the login leads to Keycloak, and comes back to the app', async () => {
  const login = await auth(await ask(undefined, '/auth/login?return_to=/api/orders'));
  const there = new URL(login.headers.get('location') ?? '');
  assert.deepEqual([login.status, there.origin], [303, idp.url]);
  assert.equal(there.searchParams.get('redirect_uri'), `${ORIGIN}/auth/callback`);
});

test('a logout message that Keycloak did not sign is refused', async () => {
  const body = new URLSearchParams({ logout_token: 'forged' });
  const answer = await backchannelLogout(
    await ask(undefined, '/backchannel-logout', { method: 'POST', body }),
  );
  assert.equal(answer.status, 400);
});
