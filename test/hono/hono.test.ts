import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { keycloak } from '../../packages/guard/src/adapters/hono/index.ts';
import { isAuthError, type Principal } from '../../packages/guard/src/core/index.ts';
import { createMemorySessionStore } from '../../packages/guard/src/session/index.ts';
import { openFetchBrowser, SECRETS } from '../fetch/fetch-browser.ts';
import { ORIGIN } from '../session/browser.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { createTestRealm } from '../support/test-realm.ts';

function setUp(t: TestContext, more: { audience?: string } = {}) {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const kc = keycloak({
    ...{ serverUrl, realm: name, clientId, fetch, clock, onNotice: false, tokenCheck: 'local', ...more },
  });
  t.after(() => kc.close());
  const authorization = () => ({ headers: { authorization: `Bearer ${realm.mint()}` } });
  return { realm, kc, authorization };
}

describe('a guard of Hono', () => {
  test('a refusal goes to onError of the app, as an HTTPException with the AuthError behind it', async (t) => {
    const { kc } = setUp(t);
    const seen: unknown[] = [];
    const app = new Hono().get('/a', kc.guard(), (c) => c.json(c.var.principal.subject));
    app.onError((error, c) => {
      seen.push(error instanceof HTTPException, isAuthError(error.cause) && error.cause.code, error.message);
      return c.json({ own: true }, 418);
    });
    const answer = await app.request('/a');
    assert.deepEqual([answer.status, await answer.json()], [418, { own: true }]);
    assert.deepEqual(seen, [true, 'missing_token', 'Not authenticated']);
  });

  test('a page is sent to the login before onError of the app is called; a call of a script is not', async (t) => {
    const realm = createTestRealm();
    Object.assign(realm.discovery, {
      authorization_endpoint: `${realm.issuer}/protocol/openid-connect/auth`,
    });
    const { serverUrl, realm: name, clientId, clientSecret, fetch, clock } = realm;
    const kc = keycloak({
      ...{ serverUrl, realm: name, clientId, clientSecret, fetch, clock, onNotice: false },
    });
    t.after(() => kc.close());
    let errors = 0;
    const app = new Hono().use(kc.session({ secret: SECRETS[0] }));
    app.get('/page', kc.guard(), (c) => c.text('in'));
    app.onError((_error, c) => {
      errors++;
      return c.json({ own: true }, 418);
    });
    const page = await app.request('/page', { headers: { accept: 'text/html' } });
    assert.deepEqual([page.status, errors], [303, 0]);
    assert.match(page.headers.get('location') ?? '', /^\/auth\/login\?return_to=%2Fpage$/);
    const script = await app.request('/page', { headers: { accept: 'application/json' } });
    assert.deepEqual([script.status, await script.json(), errors], [418, { own: true }, 1]);
  });

  test('and, where there is none, is answered with status, challenge and JSON; HEAD without a body', async (t) => {
    const { kc } = setUp(t);
    const app = new Hono().use('/api/*', kc.guard({ scope: 'orders:read' }));
    app.get('/api/a', (c) => c.text('in'));
    const answer = await app.request('/api/a');
    assert.deepEqual(
      [answer.status, answer.headers.get('www-authenticate'), await answer.text()],
      [401, 'Bearer', '{"detail":"Not authenticated"}'],
    );
    const head = await app.request('/api/a', { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('www-authenticate'), head.body], [401, 'Bearer', null]);
  });

  test('the principal is typed: never null behind a guard, null with optional, perhaps there elsewhere', async (t) => {
    const { kc, authorization } = setUp(t);
    const app = new Hono();
    app.get('/guarded', kc.guard({ realmRole: 'user' }), (c) => {
      const principal: Principal = c.get('principal');
      return c.text(principal.username ?? '');
    });
    app.get('/optional', kc.guard({ optional: true }), (c) => {
      // @ts-expect-error nobody may be there
      assert.throws(() => c.var.principal.username, TypeError);
      const principal: Principal | null = c.var.principal;
      return c.text(principal === null ? 'nobody' : 'somebody');
    });
    app.get('/open', (c) => {
      const principal: Principal | null | undefined = c.get('principal');
      return c.text(String(principal));
    });
    assert.equal(await (await app.request('/guarded', authorization())).text(), 'abdullah');
    assert.equal(await (await app.request('/optional')).text(), 'nobody');
    assert.equal(await (await app.request('/open')).text(), 'undefined');
  });

  test('an optional guard behind another one takes nobody away', async (t) => {
    const { kc } = setUp(t);
    const app = new Hono();
    app.use(async (c, next) => {
      c.set('principal', { username: 'by another way' } as Principal);
      await next();
    });
    app.get('/a', kc.guard({ optional: true }), (c) => c.text(c.var.principal?.username ?? 'nobody'));
    assert.equal(await (await app.request('/a')).text(), 'by another way');
  });

  test('a fault of a handler is none of its refusals', async (t) => {
    const { kc, authorization } = setUp(t);
    const app = new Hono().get('/a', kc.guard(), () => {
      throw new Error('of the handler');
    });
    app.onError((error, c) => c.text(error.message, 500));
    const answer = await app.request('/a', authorization());
    assert.deepEqual([answer.status, await answer.text()], [500, 'of the handler']);
  });

  test('takes a logout of Keycloak, though something in front has read the body', async (t) => {
    const { realm, kc } = setUp(t);
    const app = new Hono();
    app.use(async (c, next) => {
      await c.req.text();
      await next();
    });
    app.use(kc.backchannelLogout());
    app.get('/a', kc.guard(), (c) => c.text('in'));
    const headers = { authorization: `Bearer ${realm.mint({ sid: 'session-1' })}` };
    assert.equal((await app.request('/a', { headers })).status, 200);
    const body = new URLSearchParams({
      logout_token: realm.mint({
        ...{ sid: 'session-1', typ: 'Logout', aud: realm.clientId },
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      }),
    });
    assert.equal((await app.request('/backchannel-logout', { method: 'POST', body })).status, 204);
    assert.equal((await app.request('/a', { headers })).status, 401);
    assert.equal((await app.request('/backchannel-logout')).status, 404, 'a GET is not a message');
  });
});

test('a tool of an MCP server keeps its scope, though something in front has read the body', async (t) => {
  const url = 'https://tools.example.com/mcp';
  const { realm, kc } = setUp(t, { audience: url });
  const app = new Hono();
  app.use(async (c, next) => {
    await c.req.json();
    await next();
  });
  app.post('/mcp', kc.mcp({ url, tools: { remove: 'orders:write' } }), (c) => c.text('called'));
  const call = (name: string, scope: string) => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } };
    const headers = { authorization: `Bearer ${realm.mint({ aud: url, scope })}` };
    return app.request('/mcp', { method: 'POST', headers, body: JSON.stringify(message) });
  };
  const seen = await Promise.all([call('remove', ''), call('remove', 'orders:write'), call('list', '')]);
  assert.deepEqual(
    seen.map(({ status }) => status),
    [403, 200, 200],
  );
});

test('people sign in with the browser, and their cookie is good while the secret before is there', async (t) => {
  const idp = await startTestIdp();
  const store = createMemorySessionStore({});
  const [old, newer] = SECRETS;
  const open = (secret: string | readonly string[]) => {
    const kc = keycloak({
      ...{ serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak', tokenCheck: 'local' },
      clientSecret: 'for-development-only',
    });
    t.after(() => kc.close());
    const app = new Hono().use(kc.session({ secret, store }));
    app.get('/json', kc.guard(), (c) => c.json({ hello: c.var.principal.username }));
    app.get('/raw', kc.guard(), () => Response.redirect(`${ORIGIN}/there`));
    app.get('/own', kc.guard(), (c) => c.text('a', 200, { 'set-cookie': 'mine=1' }));
    app.get('/optional', kc.guard({ optional: true }), (c) => c.text('a', 200, { 'set-cookie': 'mine=1' }));
    app.get('/refused', kc.guard({ realmRole: 'nobody-has-it' }), (c) => c.text('never'));
    return app;
  };
  t.after(async () => {
    await store.close();
    await idp.close();
  });
  const browser = openFetchBrowser((request) => open(old).fetch(request));
  const invited = await browser.app({ url: '/json', headers: { accept: 'text/html' } });
  assert.deepEqual([invited.statusCode, invited.headers.location], [303, '/auth/login?return_to=%2Fjson']);
  const app = open(old);
  const signedIn = openFetchBrowser((request) => app.fetch(request));
  await signedIn.signIn();
  assert.equal((await signedIn.app({ url: '/json' })).body, '{"hello":"abdullah"}');

  const later = open([newer, old]);
  for (const [path, status] of [
    ['/json', 200],
    ['/raw', 302],
    ['/own', 200],
    ['/refused', 403],
  ] as const) {
    const answer = await later.request(`${ORIGIN}${path}`, { headers: { cookie: signedIn.session } });
    assert.equal(answer.status, status, path);
    assert.deepEqual(answer.headers.getSetCookie(), path === '/own' ? ['mine=1'] : [], path);
  }
  // The cookie of a session that is over goes, and the application's own stays.
  const headers = { cookie: signedIn.session, origin: ORIGIN };
  await later.request(`${ORIGIN}/auth/logout`, { method: 'POST', headers });
  const over = await later.request(`${ORIGIN}/optional`, { headers });
  const [mine, cleared] = over.headers.getSetCookie();
  assert.equal(mine, 'mine=1');
  assert.match(cleared ?? '', /^[\w-]+=; .*Max-Age=0/);
});
