import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { keycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { createMemorySessionStore } from '../../packages/guard/src/session/index.ts';
import { ORIGIN } from '../session/browser.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { openFetchBrowser, SECRETS } from './fetch-browser.ts';

const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' };
const [OLD] = SECRETS;

async function setUp(t: TestContext) {
  const idp = await startTestIdp();
  const store = createMemorySessionStore({});
  t.after(async () => {
    await store.close();
    await idp.close();
  });
  const open = (secret: string | readonly string[], publicUrl?: string) => {
    const kc = keycloak({
      serverUrl: idp.url,
      realm: 'testing',
      clientId: 'fastapi-keycloak',
      clientSecret: 'for-development-only',
      tokenCheck: 'local',
      session: { secret, store, publicUrl },
    });
    t.after(() => kc.close());
    return kc;
  };
  return { idp, open };
}

describe('browser sessions of servers that speak Request and Response', () => {
  test('the proxy of Next.js is sent to the login by a whole URL: it takes no other', async (t) => {
    const { open } = await setUp(t);
    const url = 'http://localhost:3000/private?a=1';
    const asked = (more: object) => Object.assign(new Request(url, { headers: PAGE }), more);
    const locationOf = async (publicUrl: string | undefined, request: Request) => {
      const found = await open(OLD, publicUrl).decide(request);
      assert.ok(found instanceof Response);
      assert.deepEqual([found.status, await found.text()], [303, '']);
      return found.headers.get('location');
    };
    const login = '/auth/login?return_to=%2Fprivate%3Fa%3D1';
    const next = { nextUrl: new URL(url) };
    assert.equal(await locationOf(undefined, asked(next)), `http://localhost:3000${login}`);
    assert.equal(await locationOf('https://app.example.com', asked(next)), `https://app.example.com${login}`);
    assert.equal(await locationOf('https://app.example.com', asked({})), login);
  });

  test('have their addresses with a slash at the end, too: Next.js with trailingSlash has no others', async (t) => {
    const { open } = await setUp(t);
    const kc = open(OLD);
    const answer = async (path: string, method = 'GET') =>
      (await kc.handle(new Request(`${ORIGIN}${path}`, { method, headers: PAGE })))?.status;
    const paths = ['/auth/login', '/auth/callback', '/auth/session'];
    assert.deepEqual(await Promise.all(paths.map((path) => answer(path))), [303, 400, 200]);
    assert.deepEqual(await Promise.all(paths.map((path) => answer(`${path}/`))), [303, 400, 200]);
    assert.equal(await answer('/auth/logout/', 'POST'), await answer('/auth/logout', 'POST'));
    assert.equal(await answer('/auth/login//'), undefined);
  });

  test('sign a person in and out; a guard takes the cookie', async (t) => {
    const { open } = await setUp(t);
    const kc = open(OLD);
    const guarded = kc.guard({}, (_request, { principal }) => Response.json(principal.username));
    const browser = openFetchBrowser(async (request) => (await kc.handle(request)) ?? guarded(request));

    const invited = await browser.app({ url: '/page?a=1', headers: PAGE });
    assert.deepEqual(
      [invited.statusCode, invited.headers.location, invited.body],
      [303, '/auth/login?return_to=%2Fpage%3Fa%3D1', ''],
    );
    const back = await browser.signIn('abdullah', '?return_to=/page');
    assert.deepEqual([back.statusCode, back.headers.location], [303, `${ORIGIN}/page`]);
    assert.equal((await browser.app({ url: '/page' })).body, '"abdullah"');
    assert.match((await browser.app({ url: '/auth/session' })).body, /"authenticated":true/);
    const out = await browser.app({
      method: 'POST',
      url: '/auth/logout',
      headers: { 'sec-fetch-site': 'same-origin' },
    });
    assert.equal(out.statusCode, 303);
    assert.match(String(out.headers.location), /protocol\/openid-connect\/logout/);
    assert.equal((await browser.app({ url: '/page' })).statusCode, 401);
  });

  test('a page of another site cannot sign anybody out', async (t) => {
    const { open } = await setUp(t);
    const kc = open(OLD);
    const browser = openFetchBrowser(kc.handlers.GET);
    await browser.signIn();
    const answer = await browser.app({
      method: 'POST',
      url: '/auth/logout',
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    assert.deepEqual([answer.statusCode, answer.headers['cache-control']], [403, 'no-store']);
    assert.match((await browser.app({ url: '/auth/session' })).body, /"authenticated":true/);
  });

  test('what a session says of caches comes with whatever the handler answers, and with a refusal', async (t) => {
    const { open } = await setUp(t);
    const kc = open(OLD);
    const browser = openFetchBrowser(kc.handlers.GET);
    await browser.signIn();
    const cookie = { cookie: browser.session };
    const shared = new Response(null, { status: 204, headers: { 'x-shared': 'yes' } });
    const answers = {
      redirect: kc.guard({}, () => Response.redirect(`${ORIGIN}/there`)),
      shared: kc.guard({}, async () => shared),
      own: kc.guard({}, () => new Response('a', { headers: { 'set-cookie': 'mine=1' } })),
      refusal: kc.guard({ realmRole: 'nobody-has-it' }, () => new Response('never')),
    };
    for (const [name, handler] of Object.entries(answers)) {
      const answer = await handler(new Request(`${ORIGIN}/a`, { headers: cookie }));
      assert.match(answer.headers.get('cache-control') ?? '', /private|no-store/, name);
      if (name === 'own') assert.deepEqual(answer.headers.getSetCookie(), ['mine=1']);
      if (name === 'redirect') assert.equal(answer.headers.get('location'), `${ORIGIN}/there`);
    }
    assert.equal((await answers.refusal(new Request(ORIGIN, { headers: cookie }))).status, 403);
    assert.equal(shared.headers.get('cache-control'), null, 'an answer that others get too is as it was');
  });

  test('where only headers are known, a request that another site may have sent is refused', async (t) => {
    const { open } = await setUp(t);
    const kc = open(OLD, ORIGIN);
    const browser = openFetchBrowser(kc.handlers.GET);
    await browser.signIn();
    const headersFrom = (site: string) => new Headers({ cookie: browser.session, 'sec-fetch-site': site });

    assert.equal((await kc.principal(headersFrom('same-origin'))).username, 'abdullah');
    for (const site of ['cross-site', 'same-site', 'none']) {
      await assert.rejects(kc.principal(headersFrom(site)), { code: 'cross_origin_request' }, site);
    }
    const page = { headers: headersFrom('none'), method: 'GET' };
    assert.equal((await kc.principal(page)).username, 'abdullah');
  });
});
