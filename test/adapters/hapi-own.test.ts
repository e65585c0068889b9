import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { server as makeServer, type RouteOptions } from '@hapi/hapi';
import { keycloak } from '../../packages/guard/src/adapters/hapi/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** A server with one route `/`, which answers who is calling. */
async function start(t: TestContext, options: RouteOptions) {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const denied: string[] = [];
  const kc = keycloak({
    ...{ serverUrl, realm: name, clientId, fetch, clock, onNotice: false },
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
  return { server, realm, denied, call };
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
