import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Lifecycle, server as makeServer, type Request, type RouteOptions } from '@hapi/hapi';
import { keycloak } from '../../packages/guard/src/adapters/hapi/index.ts';
import { AuthError, OptionsError, type Principal } from '../../packages/guard/src/core/index.ts';
import { createCookieSigner } from '../../packages/guard/src/session/cookie/seal.ts';
import { assertRefused, settle } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const METADATA = 'https://api.example.com/.well-known/oauth-protected-resource';

/** A server with one route `/`, which answers who is calling. */
async function start(t: TestContext, options: RouteOptions) {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const denied: string[] = [];
  const kc = keycloak({
    ...{ serverUrl, realm: name, clientId, fetch, clock, onNotice: false },
    protectedResource: { url: 'https://api.example.com' },
    onDenied: (_request, { code }) => denied.push(code),
  });
  const server = makeServer({ debug: false });
  await server.register(kc.plugin);
  server.auth.strategy('closed', 'keycloak', { optional: true });
  server.auth.scheme('key', () => ({
    authenticate: (_request, h) => h.authenticated({ credentials: { app: { name: 'a job' } } }),
  }));
  server.auth.strategy('key', 'key');
  server.route({
    ...{ method: 'GET', path: '/', options },
    handler: ({ auth }) => ({
      isAuthenticated: auth.isAuthenticated,
      username: auth.credentials?.user?.username,
      scope: auth.credentials?.scope,
    }),
  });
  t.after(() => server.stop());
  await server.initialize();
  const call = async (token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { statusCode, payload } = await server.inject({ url: '/', headers });
    return [statusCode, JSON.parse(payload)];
  };
  return { kc, server, realm, denied, call };
}

const NOBODY = [200, { isAuthenticated: false }];
const REFUSED = [401, { detail: 'Could not validate credentials' }];

test('hapi, mode optional: no token passes and is no refusal, a bad one is refused', async (t) => {
  const { realm, denied, call } = await start(t, { auth: { strategy: 'keycloak', mode: 'optional' } });
  assert.deepEqual(await call(), NOBODY);
  assert.deepEqual(denied, []);
  assert.deepEqual(await call('garbage'), REFUSED);
  assert.deepEqual(denied, ['token_malformed']);
  const caller = { isAuthenticated: true, username: 'abdullah', scope: ['orders:read'] };
  assert.deepEqual(await call(realm.mint({ scope: 'orders:read' })), [200, caller]);
});

test('hapi, mode try: a bad token gets in without credentials', async (t) => {
  const { call } = await start(t, { auth: { strategy: 'keycloak', mode: 'try' } });
  assert.deepEqual(await call('garbage'), NOBODY);
});

test('hapi, several strategies: the next one is tried without a token, and never with a bad one', async (t) => {
  const { call } = await start(t, { auth: { strategies: ['keycloak', 'key'] } });
  assert.deepEqual(await call(), [200, { isAuthenticated: true }]);
  assert.deepEqual(await call('garbage'), REFUSED);
});

test('hapi, several strategies: a request without any credentials is led to the resource', async (t) => {
  const { server } = await start(t, { auth: false });
  server.auth.scheme('none', () => ({
    authenticate: (_request, h) =>
      h.unauthenticated(
        Object.assign(new Error(), { isMissing: true, output: { headers: { 'WWW-Authenticate': 'None' } } }),
      ),
  }));
  server.auth.strategy('none', 'none');
  const auth = { strategies: ['keycloak', 'none'] };
  server.route({ method: 'GET', path: '/two', options: { auth }, handler: () => 1 });
  const { statusCode, headers } = await server.inject('/two');
  assert.deepEqual(
    [statusCode, headers['www-authenticate']],
    [401, `Bearer resource_metadata="${METADATA}", None`],
  );
});

test('hapi: the requirement optional does not open a route whose mode is required', async (t) => {
  const { call } = await start(t, { auth: 'closed' });
  assert.equal((await call())[0], 401);
});

test('hapi: access.scope compares the scopes of the token', async (t) => {
  const { realm, call } = await start(t, {
    auth: { strategy: 'keycloak', access: { scope: 'orders:read' } },
  });
  assert.equal((await call(realm.mint({ scope: 'orders:write' })))[0], 403);
  assert.equal((await call(realm.mint({ scope: 'orders:read' })))[0], 200);
});

test('hapi: a strategy with a wrong requirement stops the start', async (t) => {
  const { server } = await start(t, { auth: false });
  assert.throws(() => server.auth.strategy('wrong', 'keycloak', { realmRoel: 'admin' }), OptionsError);
});

test('hapi: what an answer gets in onPreResponse stays its own, though both requests failed with one error', async (t) => {
  const { server, realm } = await start(t, { auth: false });
  const shared = new AuthError('permission_denied', 'The shop is closed');
  const check = () => {
    throw shared;
  };
  server.auth.strategy('shop', 'keycloak', { check });
  const open: Lifecycle.Method = async (request, h) => {
    await server.auth.test('keycloak', request);
    return h.continue;
  };
  server.route({ method: 'GET', path: '/shop/{whose}', options: { auth: 'shop' }, handler: () => 'open' });
  server.route({
    method: 'GET',
    path: '/cart/{whose}',
    options: { auth: false, pre: [open] },
    handler: () => 1,
  });
  server.ext('onPreResponse', async ({ params, response }, h) => {
    await settle();
    if (params.whose === 'hers' && 'isBoom' in response) response.output.headers['set-cookie'] = 'cart=hers';
    return h.continue;
  });
  const headers = { authorization: `Bearer ${realm.mint()}` };
  const cookieOf = async (url: string, sent = {}) =>
    (await server.inject({ url, headers: sent })).headers['set-cookie'];
  const [hers, his] = await Promise.all([cookieOf('/shop/hers', headers), cookieOf('/shop/his', headers)]);
  assert.deepEqual([hers, his], ['cart=hers', undefined]);
  assert.deepEqual([await cookieOf('/cart/hers'), await cookieOf('/cart/his')], ['cart=hers', undefined]);
});

test('hapi: a refusal is a Boom error of the server where Keycloak is the reason', async (t) => {
  const { server, realm } = await start(t, { auth: false });
  const codes = ['permission_denied', 'provider_misconfigured', 'provider_unavailable'] as const;
  const check = () => {
    throw new AuthError(codes[seen.length] as (typeof codes)[number], 'The shop is closed');
  };
  server.auth.strategy('shop', 'keycloak', { check });
  server.route({ method: 'GET', path: '/shop', options: { auth: 'shop' }, handler: () => 'open' });
  const seen: unknown[] = [];
  server.ext('onPreResponse', ({ response }, h) => {
    if ('isBoom' in response) seen.push([response.output.statusCode, response.isServer]);
    return h.continue;
  });
  for (const _ of codes)
    await server.inject({ url: '/shop', headers: { authorization: `Bearer ${realm.mint()}` } });
  assert.deepEqual(seen, [
    [403, false],
    [500, true],
    [503, true],
  ]);
});

test('hapi: an error of the application keeps its cookies beside those of a session that is over, and its headers', async () => {
  const { serverUrl, realm, clientId, clientSecret, fetch } = createTestRealm();
  const secret = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';
  const session = { secret, publicUrl: 'http://localhost', cookieName: 'at' };
  const kc = keycloak({ serverUrl, realm, clientId, clientSecret, fetch, onNotice: false, session });
  const server = makeServer({ debug: false });
  await server.register(kc.plugin);
  const headers = { 'set-cookie': 'cart=1', 'cache-control': 'max-age=60', vary: 'Accept' };
  const handler = () => {
    throw Object.assign(new Error(), {
      isBoom: true,
      output: { statusCode: 409, headers: { ...headers }, payload: {} },
    });
  };
  server.route({
    method: 'GET',
    path: '/',
    options: { auth: { strategy: 'keycloak', mode: 'optional' } },
    handler,
  });
  const over = `at=${createCookieSigner([secret]).sign('over')}`;
  for (const [cookie, own, cacheControl, varies] of [
    [over, ['cart=1', 'at=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax'], 'no-store', 'Accept'],
    ['', ['cart=1'], 'max-age=60', 'Accept, Cookie'],
  ] as const) {
    const answer = await server.inject({ url: '/', headers: { cookie } });
    const { 'set-cookie': cookies, 'cache-control': kept, vary } = answer.headers;
    assert.deepEqual([answer.statusCode, [cookies].flat(), kept, vary], [409, own, cacheControl, varies]);
  }
});

test('hapi: auth.verify asks again, for connections that stay open', async (t) => {
  const { kc, server, realm } = await start(t, { auth: false });
  const requests: Request[] = [];
  server.auth.strategy('admin', 'keycloak', { realmRole: 'admin' });
  server.route({
    ...{ method: 'GET', path: '/stream', options: { auth: 'admin' } },
    handler: (request) => requests.push(request),
  });
  const token = realm.mint({ sid: 's-1', realm_access: { roles: ['admin'] } });
  await server.inject({ url: '/stream', headers: { authorization: `Bearer ${token}` } });
  const verify = () => server.auth.verify(requests[0] as Request);
  await verify();
  const [member] = kc.verifier.members;
  await member?.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's-1' });
  await assertRefused(verify, 'token_revoked');
});

test('hapi: auth.verify holds the caller against the requirements again, and takes no credentials of another strategy', async (t) => {
  const { server, realm } = await start(t, { auth: false });
  let isOpen = true;
  server.auth.strategy('shop', 'keycloak', { check: () => isOpen });
  server.route({ method: 'GET', path: '/shop', options: { auth: 'shop' }, handler: () => 'open' });
  const headers = { authorization: `Bearer ${realm.mint()}` };
  const { request } = await server.inject({ url: '/shop', headers });
  await server.auth.verify(request);
  isOpen = false;
  await assertRefused(() => server.auth.verify(request), 'permission_denied');
  isOpen = true;
  // Its user is one of ours, and nobody knows which request it belongs to.
  const credentials = { ...request.auth.credentials };
  const other = await server.inject({ url: '/shop', auth: { strategy: 'shop', credentials } });
  const { reason } = await assertRefused(() => server.auth.verify(other.request), 'permission_denied');
  assert.equal(reason, 'The caller was found by another strategy');
});

test('hapi: auth.verify refuses credentials that no guard found', async (t) => {
  const { server } = await start(t, { auth: 'keycloak' });
  const credentials = { user: { username: 'abdullah' } as Principal };
  const { request } = await server.inject({ url: '/', auth: { strategy: 'keycloak', credentials } });
  await assertRefused(() => server.auth.verify(request), 'token_malformed');
});

/** Guarded, and with an extension that lets the query say which method runs. */
async function makeServerWithOverride(kc: ReturnType<typeof keycloak>) {
  const server = makeServer({ debug: false });
  await server.register(kc.plugin);
  server.auth.default('keycloak');
  server.ext('onRequest', (request, h) => {
    if (request.query._method === 'delete') request.setMethod('delete');
    return h.continue;
  });
  return server;
}

test('hapi: with a session cookie, the method that runs decides whether a page of another site may ask', async () => {
  const { serverUrl, realm, clientId, clientSecret, fetch } = createTestRealm();
  const session = {
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    publicUrl: 'http://localhost',
    cookieName: 'at',
  };
  const kc = keycloak({ serverUrl, realm, clientId, clientSecret, fetch, onNotice: false, session });
  const server = await makeServerWithOverride(kc);
  server.route({ method: ['GET', 'DELETE'], path: '/orders', handler: ({ method }) => method });
  const headers = { cookie: 'at=1', 'sec-fetch-site': 'cross-site' };
  const get = async (url: string) => (await server.inject({ url, headers })).statusCode;
  // The session is not known.
  assert.deepEqual([await get('/orders'), await get('/orders?_method=delete')], [401, 403]);
});
