import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  addToFetchAnswer,
  type FetchReply,
  fetchHost,
} from '../../packages/guard/src/adapters/engine/internal.ts';
import { type KeycloakOptions, keycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import type { AuthError, Claims, Principal } from '../../packages/guard/src/core/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

const URL_OF_APP = 'http://app.example.com';

function setUp(t: TestContext, more: Partial<KeycloakOptions> = {}) {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const kc = keycloak<Claims>({
    ...{ serverUrl, realm: name, clientId, fetch, clock, onNotice: false, tokenCheck: 'local' },
    ...more,
  });
  t.after(() => kc.close());
  const request = (token?: string, init: RequestInit = {}, path = '/a') =>
    new Request(`${URL_OF_APP}${path}`, {
      ...init,
      headers: { ...init.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    });
  return { realm, kc, request };
}

describe('a guarded handler', () => {
  test('gets the request, who is calling, and what the framework hands over besides', async (t) => {
    const { realm, kc, request } = setUp(t);
    const handler = kc.guard(
      { realmRole: 'user' },
      async (wanted: Request, { principal }, { params }: { params: Promise<{ id: string }> }, more: number) =>
        Response.json([new URL(wanted.url).pathname, principal.username, (await params).id, more]),
    );
    const answer = await handler(request(realm.mint()), { params: Promise.resolve({ id: '7' }) }, 8);
    assert.deepEqual(await answer.json(), ['/a', 'abdullah', '7', 8]);
  });

  test('answers a token that is known at once, without a promise', async (t) => {
    const { realm, kc, request } = setUp(t);
    const token = realm.mint();
    const handler = kc.guard({}, () => new Response('in'));
    assert.ok(handler(request(token)) instanceof Promise);
    await kc.principal(request(token));
    assert.ok(handler(request(token)) instanceof Response);
  });

  test('is not called for who is refused; a HEAD request is answered without a body', async (t) => {
    const { kc, request } = setUp(t);
    const handler = kc.guard({}, () => assert.fail('called'));
    const answer = await handler(request(undefined, { method: 'HEAD' }));
    assert.deepEqual(
      [answer.status, answer.headers.get('www-authenticate'), answer.body],
      [401, 'Bearer', null],
    );
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  });

  test('what it throws is its own: no refusal is made of it, early or late', async (t) => {
    const { realm, kc, request } = setUp(t);
    const token = realm.mint();
    const fault = new Error('of the handler');
    const throws = kc.guard({}, () => {
      throw fault;
    });
    await assert.rejects(async () => throws(request(token)), fault);
    assert.throws(() => throws(request(token)), fault);
    await assert.rejects(async () => kc.guard({}, () => Promise.reject(fault))(request(token)), fault);
  });

  test('a refusal is told, and says why where that is wanted', async (t) => {
    const told: [string | null, string][] = [];
    const { realm, kc, request } = setUp(t, {
      explain: true,
      onDenied: (_request: unknown, error: AuthError, principal: Principal | null) =>
        told.push([principal?.username ?? null, error.code]),
    });
    const answer = await kc.guard({ realmRole: 'admin' }, () => new Response())(request(realm.mint()));
    assert.equal(answer.status, 403);
    assert.match(answer.headers.get('x-auth-error') ?? '', /^realm_role_missing|^\w+: /);
    assert.equal(told.length, 1);
    assert.equal(told[0]?.[0], 'abdullah');
  });
});

describe('decide and principal', () => {
  test('say who is calling, of a request and of headers alone', async (t) => {
    const { realm, kc, request } = setUp(t);
    const token = realm.mint();
    const found = await kc.decide(request(token), { scope: 'email' });
    assert.ok(!(found instanceof Response));
    assert.equal(found.username, 'abdullah');
    assert.equal((await kc.principal(request(token).headers)).username, 'abdullah');
    assert.equal((await kc.principal({ headers: request(token).headers })).username, 'abdullah');
  });

  test('the one gives the answer to who is refused, the other rejects', async (t) => {
    const { realm, kc, request } = setUp(t);
    const answer = await kc.decide(request(realm.mint()), { scope: 'orders:read' });
    assert.ok(answer instanceof Response);
    assert.equal(answer.status, 403);
    assert.match(answer.headers.get('www-authenticate') ?? '', /insufficient_scope.*scope="orders:read"/);
    await assert.rejects(kc.principal(request()), { code: 'missing_token', statusCode: 401 });
    await assert.rejects(kc.principal(request(), { realmRol: 'x' } as never), { name: 'OptionsError' });
  });

  test('with optional: null for nobody, and a bad token is refused all the same', async (t) => {
    const { kc, request } = setUp(t);
    const nobody: Principal | null = await kc.principal(request(), { optional: true });
    assert.equal(nobody, null);
    assert.equal(await kc.decide(request(), { optional: true }), null);
    const refused = await kc.decide(request('not-a-token'), { optional: true });
    assert.ok(refused instanceof Response && refused.status === 401);
  });
});

describe('handle', () => {
  test('leaves alone what is no route of its own; handlers answer 404', async (t) => {
    const { kc, request } = setUp(t);
    assert.equal(await kc.handle(request()), undefined);
    assert.equal(await kc.handle(request(undefined, {}, '/backchannel-logout')), undefined);
    assert.equal((await kc.handlers.GET(request())).status, 404);
  });

  test('takes a logout of Keycloak, at the path it was given, and refuses one that is long or forged', async (t) => {
    const { realm, kc, request } = setUp(t, { backchannelLogout: { path: '/told' } });
    const token = realm.mint({ sid: 'session-1' });
    const handler = kc.guard({}, () => new Response('in'));
    assert.equal((await handler(request(token))).status, 200);
    const post = (body: string) =>
      kc.handlers.POST(request(undefined, { method: 'POST', body: new URLSearchParams(body) }, '/told'));

    assert.equal((await post(`logout_token=${'a'.repeat(17_000)}`)).status, 413);
    assert.equal((await post('logout_token=forged')).status, 400);
    assert.equal((await handler(request(token))).status, 200);
    const logout = realm.mint({
      ...{ sid: 'session-1', typ: 'Logout', aud: realm.clientId },
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    });
    const told = await post(`logout_token=${logout}`);
    assert.deepEqual(
      [told.status, told.headers.get('cache-control'), told.headers.get('connection')],
      [204, 'no-store', null],
    );
    assert.equal((await handler(request(token))).status, 401);
  });
});

test('nothing is loaded before the first request', async (t) => {
  const { realm, kc, request } = setUp(t);
  kc.guard({}, () => new Response());
  await new Promise(setImmediate);
  assert.deepEqual(realm.calls, { discovery: 0, jwks: 0, userinfo: 0, introspection: 0 });
  await kc.load();
  assert.equal(realm.calls.jwks, 1);
  assert.equal((await kc.decide(request(realm.mint()))) instanceof Response, false);
  assert.equal(realm.calls.jwks, 1);
});

test('all mistakes in the options are told', () => {
  assert.throws(() => keycloak({ realm: '', clientId: 'a', onDenied: 3 } as never), {
    name: 'OptionsError',
    message: /serverUrl[\s\S]*onDenied/,
  });
});

test('options that are a function are asked for when the first request comes, once', async (t) => {
  const { serverUrl, realm, clientId, fetch, mint } = createTestRealm();
  let asked = 0;
  const kc = keycloak(() => {
    asked++;
    return { serverUrl, realm, clientId, fetch, clock: () => Date.UTC(2026, 0, 15, 12), tokenCheck: 'local' };
  });
  t.after(() => kc.close());
  const handler = kc.guard({ realmRole: 'user' }, (_request, { principal }, more: number) =>
    Response.json([principal.username, more]),
  );
  assert.equal(asked, 0);
  const request = new Request(URL_OF_APP, { headers: { authorization: `Bearer ${mint()}` } });
  assert.deepEqual(await (await handler(request, 7)).json(), ['abdullah', 7]);
  assert.deepEqual(await (await handler(request, 8)).json(), ['abdullah', 8]);
  const principal = await kc.principal(request);
  assert.equal(kc.has(principal, { realmRole: 'user' }), true);
  assert.ok(!((await kc.decide(request)) instanceof Response));
  assert.equal(await kc.handle(request), undefined);
  assert.equal((await kc.handlers.GET(request)).status, 404);
  assert.equal((await kc.handlers.POST(request)).status, 404);
  assert.equal(kc.verifier.clientId, clientId);
  await kc.load();
  assert.equal(asked, 1);
});

test('and what is wrong with them is told then, each time', async () => {
  const kc = keycloak(() => ({}) as never);
  await kc.close();
  for (const _ of [1, 2]) {
    await assert.rejects(kc.principal(new Headers()), { name: 'OptionsError', message: /serverUrl/ });
  }
});

test('what an answer has to have besides comes together, in whatever order it is found out', () => {
  const reply: FetchReply = {};
  fetchHost.addToAnswer(reply, { headers: { 'dpop-nonce': 'n' }, setCookies: [] });
  fetchHost.addToAnswer(reply, { headers: { 'cache-control': 'no-store' }, setCookies: ['a=1'] });
  fetchHost.addToAnswer(reply, { headers: {}, setCookies: ['b=2'] });
  const answer = addToFetchAnswer(Response.json({}), reply);
  assert.deepEqual(
    [answer.headers.get('dpop-nonce'), answer.headers.get('cache-control'), answer.headers.getSetCookie()],
    ['n', 'no-store', ['a=1', 'b=2']],
  );
});
