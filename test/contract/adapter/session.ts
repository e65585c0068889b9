import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  createMemoryRevocationStore,
  type Notice,
  type RevocationStore,
} from '../../../packages/guard/src/core/index.ts';
import type { RedisConnection } from '../../../packages/guard/src/redis/connection.ts';
import { createRedisSessionStore } from '../../../packages/guard/src/redis/session-store.ts';
import { createMemorySessionStore, type SessionStore } from '../../../packages/guard/src/session/index.ts';
import { SECRET, startIdp } from '../../support/dev-idp.ts';
import { eventually } from '../../support/eventually.ts';
import { openSocketBrowser } from '../../support/socket-browser.ts';
import { claimsOf, createTestRealm } from '../../support/test-realm.ts';
import { type Adapter, type Given, startApp } from './adapter.ts';
import { assertRefused, assertUser, BARE, ofEngine, without } from './set-up.ts';

const SECRET_OF_SESSIONS = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';
const COOKIE = 'session-fastapi-keycloak';
const PAGE = { accept: 'text/html,*/*;q=0.8' };

/** An app with sessions on the embedded provider, and a browser for it. */
export async function setUpSession(
  t: TestContext,
  adapter: Adapter,
  session: Partial<Given['session']> = {},
  { tenants, ...more }: Partial<Given> & { readonly tenants?: 'organizations' } = {},
  observers: Given['keycloak']['observers'] = [],
) {
  const idp = await startIdp(t);
  let ahead = 0;
  const clock = () => Date.now() + ahead;
  const inProcess = !adapter.lacks?.includes('inProcess');
  const app = await startApp(t, adapter, {
    keycloak: {
      serverUrl: idp.url,
      realm: 'testing',
      clientId: 'fastapi-keycloak',
      clientSecret: SECRET,
      observers,
      ...(inProcess && { clock, onNotice: false }),
      ...(tenants && { tenants }),
    },
    session: { secret: SECRET_OF_SESSIONS, ...(inProcess && { clock }), ...session },
    ...more,
  });
  idp.updateClient('fastapi-keycloak', {
    redirectUris: [`${app.url}/*`],
    attributes: {
      'post.logout.redirect.uris': `${app.url}/*`,
      'backchannel.logout.url': `${app.url}/backchannel-logout`,
      'backchannel.logout.session.required': 'true',
    },
  });
  const browser = openSocketBrowser(app);
  const get = (path: string, init?: RequestInit) => browser.fetch(`${app.url}${path}`, init);
  const advance = (seconds: number) => {
    ahead += seconds * 1000;
  };
  return { idp, app, browser, get, advance };
}

/** What is the same with every framework, of people who sign in with the browser. */
export function describeSession(adapter: Adapter): void {
  describe(`${adapter.name}, session`, () => {
    test('who is sent to the login was not refused: no line in the log', ofEngine(adapter), async (t) => {
      const lines: string[] = [];
      const { get } = await setUpSession(t, adapter, {}, { onLine: (line) => lines.push(line) });
      assert.equal((await get('/guarded', { headers: PAGE })).status, 303);
      assert.equal((await get('/guarded')).status, 401);
      const told = lines.filter((line) => line.includes('was refused'));
      assert.deepEqual(
        [told.length, told[0]?.split(',')[0]],
        [1, 'GET /guarded was refused: 401 missing_token'],
      );
    });

    test('a page leads to the login and back to the page; then the cookie counts, until the logout', async (t) => {
      const { app, browser, get, idp } = await setUpSession(t, adapter);
      const page = `${app.url}/guarded?a=1&b=two%20words`;
      const first = await browser.fetch(page, { headers: PAGE });
      const login = `/auth/login?return_to=${encodeURIComponent('/guarded?a=1&b=two%20words')}`;
      assert.deepEqual([first.status, first.headers.get('location')], [303, login]);
      assert.equal(first.headers.get('cache-control'), 'no-store');

      const { response, url } = await browser.open(page);
      assert.equal(url, page);
      await assertUser(response);
      assert.deepEqual([...browser.cookiesOf(app.url).keys()], [COOKIE]);
      for (const path of ['/guarded', '/nested/deep/guarded', '/async', '/optional'])
        await assertUser(await get(path));
      const { token } = (await (await get('/token')).json()) as { token: string };
      assert.equal(claimsOf(token).preferred_username, 'abdullah');

      const described = await get('/auth/session');
      assert.equal(described.headers.get('cache-control'), 'no-store');
      const { authenticated, user } = (await described.json()) as Record<string, Record<string, string>>;
      assert.deepEqual([authenticated, user?.preferred_username], [true, 'abdullah']);
      assert.equal((await get('/auth/session', { method: 'HEAD' })).status, 200);

      const logout = await get('/auth/logout', { method: 'POST', headers: { origin: app.url } });
      const end = new URL(logout.headers.get('location') ?? '');
      assert.deepEqual([logout.status, end.origin, end.pathname.split('/').at(-1)], [303, idp.url, 'logout']);
      assert.equal(end.searchParams.get('post_logout_redirect_uri'), `${app.url}/`);
      assert.ok(end.searchParams.has('id_token_hint'));
      assert.equal(browser.cookiesOf(app.url).size, 0);
      assert.equal((await browser.open(end.href)).url, `${app.url}/`);
      assert.deepEqual(idp.sessionsOf('abdullah'), []);
      await assertRefused(await get('/guarded'), 401, BARE, 'Not authenticated');
    });

    test('an answer by cookie is for that browser, and no cache hands what others got to people with a session', async (t) => {
      const { app, browser, get, idp } = await setUpSession(t, adapter);
      const toldOf = async (answer: Response) => {
        await answer.arrayBuffer();
        const [vary, control] = ['vary', 'cache-control'].map((name) => answer.headers.get(name) ?? '');
        return [/(^|,\s*)cookie\b/i.test(vary as string), /private|no-store/.test(control as string)];
      };
      assert.deepEqual(await toldOf(await get('/optional')), [true, false]);
      await browser.open(`${app.url}/guarded`);
      for (const path of ['/guarded', '/nested/deep/guarded', '/async', '/optional'])
        assert.deepEqual(await toldOf(await get(path)), [true, true], path);
      // What comes with a token, no shared cache keeps (RFC 9111 §3.5).
      const authorization = `Bearer ${await idp.issueToken({ username: 'abdullah' })}`;
      assert.deepEqual(await toldOf(await get('/guarded', { headers: { authorization } })), [false, false]);
    });

    test(
      'behind a proxy with a password, pages lead to the login all the same',
      ofEngine(adapter),
      async (t) => {
        const { app, browser, get } = await setUpSession(t, adapter);
        const authorization = 'Basic c3RhZ2U6c3RhZ2U=';
        const page = await get('/guarded', { headers: { ...PAGE, authorization } });
        assert.deepEqual(
          [page.status, page.headers.get('location')],
          [303, `/auth/login?return_to=${encodeURIComponent('/guarded')}`],
        );
        await assertUser(await get('/optional', { headers: { authorization } }), null);
        const detail = 'Invalid authentication credentials';
        await assertRefused(await get('/guarded', { headers: { authorization } }), 401, BARE, detail);
        await browser.open(`${app.url}/guarded`);
        for (const path of ['/guarded', '/optional'])
          await assertUser(await get(path, { headers: { ...PAGE, authorization } }));
      },
    );

    test('programs and scripts of pages get 401, not a login', ofEngine(adapter), async (t) => {
      const { get } = await setUpSession(t, adapter);
      const script = { ...PAGE, 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' };
      for (const headers of [{}, { accept: 'application/json' }, script]) {
        await assertRefused(await get('/guarded', { headers }), 401, BARE, 'Not authenticated');
      }
      // A script cannot follow to another site; Next.js opens the address as a page then.
      const login = await get('/auth/login', { headers: script });
      assert.deepEqual([login.status, login.headers.get('set-cookie')], [401, null]);
      for (const headers of [{}, PAGE]) assert.equal((await get('/auth/login', { headers })).status, 303);
      const garbage = { ...PAGE, authorization: 'Bearer garbage' };
      assert.equal((await get('/guarded', { headers: garbage })).status, 401);
      assert.deepEqual(await (await get('/auth/session')).json(), { authenticated: false });
      await assertUser(await get('/optional'), null);
    });

    test('a person without the role sees a page with a way out, and everybody else JSON', async (t) => {
      const { app, browser, get, idp } = await setUpSession(t, adapter);
      idp.updateUser('abdullah', { firstName: 'Ab<b>', lastName: 'Du&llah' });
      await browser.open(`${app.url}/guarded`);
      const page = await get('/admin', { headers: PAGE });
      const [type, policy, cache] = ['content-type', 'content-security-policy', 'cache-control'].map((name) =>
        page.headers.get(name),
      );
      assert.deepEqual([page.status, type, cache], [403, 'text/html; charset=utf-8', 'no-store']);
      assert.match(
        policy ?? '',
        /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; frame-ancestors 'none'$/,
      );
      const text = await page.text();
      assert.ok(text.includes('You are signed in as Ab&#60;b&#62; Du&#38;llah.'), text);
      assert.ok(
        text.includes('<form method="post" action="/auth/logout">') && text.includes('<a href="/">'),
        text,
      );
      const script = { ...PAGE, 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' };
      const authorization = `Bearer ${await idp.issueToken({ username: 'abdullah' })}`;
      for (const headers of [script, {}, { authorization }])
        assert.deepEqual(await (await get('/admin', { headers })).json(), {
          detail: 'Not enough permissions',
        });
    });

    test(
      'a form of a person without a session, or whose session is over, leads to the login and back to its page, without the role to the page of the refusal',
      ofEngine(adapter),
      async (t) => {
        const { app, browser, get } = await setUpSession(t, adapter);
        const form = {
          ...PAGE,
          origin: app.url,
          'sec-fetch-mode': 'navigate',
          'sec-fetch-site': 'same-origin',
        };
        const send = async (path: string, headers: object) =>
          get(path, { method: 'POST', headers: { ...form, ...headers } });
        for (const [referer, page] of [
          [`${app.url}/orders/5?tab=1`, '/orders/5?tab=1'],
          [`${app.url}.evil.example/x`, '/'],
          [`${app.url}//evil.example`, '/'],
          ['', '/'],
        ] as const) {
          const answer = await send('/guarded', { ...(referer && { referer }) });
          const login = `/auth/login?return_to=${encodeURIComponent(page)}`;
          assert.deepEqual([answer.status, answer.headers.get('location')], [303, login], referer);
        }
        const script = { 'sec-fetch-mode': 'cors' };
        await assertRefused(await send('/guarded', script), 401, BARE, 'Not authenticated');
        await browser.open(`${app.url}/guarded`);
        const refused = await send('/admin', {});
        assert.equal(refused.status, 403);
        assert.match(await refused.text(), /You are signed in as/);
        assert.deepEqual(await (await send('/admin', script)).json(), { detail: 'Not enough permissions' });
        // The same with the cookie of a session that is over.
        const [[name, value] = ['', '']] = browser.cookiesOf(app.url);
        // Nobody reads the body of a sign-out, so it may be of any type.
        const json = { origin: app.url, 'content-type': 'application/json' };
        assert.equal((await get('/auth/logout', { method: 'POST', headers: json, body: '{}' })).status, 303);
        const sendOver = (headers: object) => {
          (browser.cookiesOf(app.url) as Map<string, string>).set(name, value);
          return send('/guarded', headers);
        };
        const over = await sendOver({ referer: `${app.url}/orders/5` });
        const [location, cache] = ['location', 'cache-control'].map((one) => over.headers.get(one));
        const login = '/auth/login?return_to=%2Forders%2F5';
        assert.deepEqual([over.status, location, cache], [303, login, 'no-store']);
        assert.equal(browser.cookiesOf(app.url).size, 0);
        await assertRefused(await sendOver(script), 401, BARE, 'Not authenticated');
      },
    );

    test('redirectToLogin: false answers pages with 401 too', ofEngine(adapter), async (t) => {
      const { get } = await setUpSession(t, adapter, { redirectToLogin: false });
      await assertRefused(await get('/guarded', { headers: PAGE }), 401, BARE, 'Not authenticated');
    });

    test('a callback that no login of this browser led to signs nobody in', async (t) => {
      const { app, browser, get } = await setUpSession(t, adapter);
      const forged = await get('/auth/callback?state=forged&code=stolen');
      await assertRefused(forged, 400, null, 'This sign-in is no longer valid');
      const begun = await get('/auth/login');
      const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state');
      const other = openSocketBrowser(app);
      const stolen = await other.fetch(`${app.url}/auth/callback?state=${state}&code=stolen`);
      assert.equal(stolen.status, 400);
      assert.match(String((await get('/auth/callback', { method: 'HEAD' })).status), /^40[45]$/);
      assert.ok(![...browser.cookiesOf(app.url).keys(), ...other.cookiesOf(app.url).keys()].includes(COOKIE));
    });

    test('a page of another site can neither sign out nor change anything', async (t) => {
      const { app, browser, get } = await setUpSession(t, adapter);
      await browser.open(`${app.url}/guarded`);
      const detail = 'Requests from other sites are refused';
      for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, {}]) {
        const logout = await get('/auth/logout', { method: 'POST', headers });
        assert.equal(logout.headers.get('cache-control'), 'no-store');
        await assertRefused(logout, 403, null, detail);
        await assertRefused(await get('/guarded', { method: 'POST', headers }), 403, null, detail);
      }
      assert.notEqual((await get('/auth/logout')).status, 303);
      await assertUser(await get('/guarded', { method: 'POST', headers: { origin: app.url } }));
      await assertUser(await get('/guarded'));
    });

    test(
      'a session that an administrator ends in Keycloak is over at once',
      without(adapter, 'http1'),
      async (t) => {
        const { app, idp, browser, get } = await setUpSession(t, adapter);
        await browser.open(`${app.url}/guarded`);
        await assertUser(await get('/guarded'));
        await idp.logoutUser('abdullah');
        await assertRefused(await get('/guarded'), 401, BARE, 'Not authenticated');
        assert.equal(browser.cookiesOf(app.url).size, 0);
        await browser.open(`${app.url}/guarded`);
        await idp.logoutUser('abdullah');
        await assertUser(await get('/optional'), null);
        assert.equal(browser.cookiesOf(app.url).size, 0);
      },
    );

    test(
      'an access token is renewed in time, and is there for calls on behalf of the person',
      ofEngine(adapter),
      async (t) => {
        const { app, idp, browser, get, advance } = await setUpSession(t, adapter);
        await browser.open(`${app.url}/guarded`);
        const tokenOf = async (headers: Record<string, string> = {}) =>
          ((await (await get('/token', { headers })).json()) as { token: string }).token;
        const first = await tokenOf();
        assert.equal(claimsOf(first).preferred_username, 'abdullah');
        assert.equal(await tokenOf(), first);
        advance(290);
        await eventually('there is a new one', async () => (await tokenOf()) !== first);
        await assertUser(await get('/guarded'));
        const bearer = await idp.issueToken({ username: 'abdullah' });
        assert.equal(await tokenOf({ authorization: `Bearer ${bearer}` }), bearer);
      },
    );

    test('a store that does not answer: 503 and when to try again', ofEngine(adapter), async (t) => {
      const memory = createMemorySessionStore();
      let isDown = false;
      const store = Object.fromEntries(
        Object.entries(memory).map(([name, method]) => [
          name,
          async (...given: never[]) => {
            if (isDown && name !== 'close') throw new Error('the store is away');
            return (method as (...given: never[]) => unknown)(...given);
          },
        ]),
      ) as unknown as SessionStore;
      const { app, browser, get } = await setUpSession(t, adapter, { store, maxCachedSessions: 0 });
      await browser.open(`${app.url}/guarded`);
      isDown = true;
      const answer = await get('/guarded');
      assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      await assertRefused(answer, 503, null, 'Session store unavailable');
      assert.equal((await get('/auth/session')).status, 503);
      isDown = false;
      await assertUser(await get('/guarded'));
    });

    test('a silent sign-in comes back without one where Keycloak has none', ofEngine(adapter), async (t) => {
      const { app, browser } = await setUpSession(t, adapter);
      const silent = `${app.url}/auth/login?prompt=none&return_to=${encodeURIComponent('/optional?asked')}`;
      const nobody = await browser.open(silent);
      assert.equal(nobody.url, `${app.url}/optional?asked`);
      await assertUser(nobody.response, null);
      assert.equal(browser.cookiesOf(app.url).size, 0);
      await browser.open(`${app.url}/guarded`);
      (browser.cookiesOf(app.url) as Map<string, string>).clear();
      const known = await browser.open(silent);
      await assertUser(known.response);
    });

    test('the login can be told more', without(adapter, 'inProcess'), async (t) => {
      const seen: unknown[] = [];
      const { get } = await setUpSession(t, adapter, {
        idpHint: 'google',
        authorizationParameters: async (request) => {
          seen.push(typeof request);
          return { ui_locales: 'de' };
        },
      });
      const query = 'login_hint=sara%40example.com&prompt=login&client_id=evil&scope=evil&redirect_uri=evil';
      const begun = await get(`/auth/login?${query}`);
      const { searchParams } = new URL(begun.headers.get('location') ?? '');
      const said = (...names: string[]) => names.map((name) => searchParams.getAll(name).join());
      assert.deepEqual(said('login_hint', 'prompt', 'kc_idp_hint', 'ui_locales', 'client_id', 'scope'), [
        ...['sara@example.com', 'login', 'google', 'de', 'fastapi-keycloak', 'openid'],
      ]);
      assert.deepEqual(seen, ['object']);
    });

    test('onLogin decides who may come in', without(adapter, 'inProcess'), async (t) => {
      const asked: unknown[] = [];
      const { app, browser } = await setUpSession(t, adapter, {
        onLogin: async (principal, request) => {
          asked.push([principal.username, typeof request]);
          return asked.length > 1;
        },
      });
      const refused = await browser.open(`${app.url}/guarded`);
      assert.equal(refused.response.status, 403);
      assert.match(await refused.response.text(), /Not enough permissions/);
      assert.ok(!browser.cookiesOf(app.url).has(COOKIE));
      await assertUser((await browser.open(`${app.url}/guarded`)).response);
      assert.deepEqual(asked, Array(2).fill(['abdullah', 'object']));
    });

    test('a shared store needs shared revocations, or a notice says so', ofEngine(adapter), async (t) => {
      const { serverUrl, realm, clientId, fetch } = createTestRealm();
      const noticesOf = async (store?: SessionStore, revocationStore?: RevocationStore) => {
        const codes: string[] = [];
        const onNotice = ({ code }: Notice) => void codes.push(code);
        const keycloak = { serverUrl, realm, clientId, clientSecret: SECRET, fetch };
        const app = await startApp(t, adapter, {
          keycloak: { ...keycloak, revocationStore, onNotice },
          session: { secret: SECRET_OF_SESSIONS, store },
        });
        // Sessions are loaded then.
        await (app.fetch ?? globalThis.fetch)(`${app.url}/auth/session`);
        return codes.filter((code) => code === 'logout_not_shared');
      };
      const shared = createRedisSessionStore({} as RedisConnection);
      assert.deepEqual(await noticesOf(shared), ['logout_not_shared']);
      assert.deepEqual(await noticesOf(shared, createMemoryRevocationStore()), []);
      assert.deepEqual(await noticesOf(createMemorySessionStore()), []);
      assert.deepEqual(await noticesOf(), []);
    });
  });
}
