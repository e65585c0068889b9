import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { createVerifier } from '../../packages/guard/src/core/index.ts';
import {
  createSessions,
  type SessionEvent,
  type SessionRequest,
} from '../../packages/guard/src/session/index.ts';
import { COOKIE, ORIGIN, openBrowser } from './browser.ts';
import { buildSessionApp } from './session-app.ts';

const PAGE = { accept: 'text/html', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' };

/** An app with a page for who signed in less than a minute ago, and one for who signed in with gold. */
async function setUp(t: TestContext, session: { stepUp?: boolean } = {}) {
  // A clock that stands still would be behind the provider's on a slow machine.
  let ahead = 0;
  const events: string[] = [];
  const onEvent = ({ type, reason }: SessionEvent) => void events.push(`${type} ${reason}`);
  const { app, idp } = await buildSessionApp(t, {
    clock: () => Date.now() + ahead,
    session: { onEvent, ...session },
  });
  app.get('/transfer', { onRequest: app.guard({ maxAge: 60 }) }, () => 'transferred');
  app.post('/transfer', { onRequest: app.guard({ maxAge: 60 }) }, () => 'transferred');
  app.get('/gold', { onRequest: app.guard({ acr: ['gold'], maxAge: 3_600 }) }, () => 'gold');
  const browser = openBrowser(app);
  assert.equal((await browser.signIn()).statusCode, 303);
  return {
    browser,
    events,
    advance(seconds: number) {
      ahead += seconds * 1000;
      idp.advanceClock(seconds);
    },
    /** To Keycloak and back, from where a page was sent. */
    async follow(location: string) {
      const begun = await browser.app({ url: location });
      assert.equal(begun.statusCode, 303, begun.body);
      const asked = new URL(String(begun.headers.location)).searchParams;
      const back = new URL(await browser.signInAt(String(begun.headers.location)));
      return { asked, done: await browser.app({ url: `${back.pathname}${back.search}`, headers: PAGE }) };
    },
  };
}

test('a page whose person signed in too long ago goes to Keycloak and comes back', async (t) => {
  const { browser, advance, follow, events } = await setUp(t);
  assert.equal((await browser.app({ url: '/transfer', headers: PAGE })).body, 'transferred');
  advance(100);
  const sent = await browser.app({ url: '/transfer?to=sara&amount=5', headers: PAGE });
  assert.equal(sent.statusCode, 303);
  assert.equal(sent.headers['cache-control'], 'no-store');
  assert.equal(sent.body, '');
  const location = String(sent.headers.location);
  assert.match(location, /^\/auth\/login\?return_to=%2Ftransfer%3Fto%3Dsara%26amount%3D5&step_up=/);
  const before = browser.session;
  const { asked, done } = await follow(location);
  assert.equal(asked.get('max_age'), '60');
  assert.equal(asked.get('acr_values'), null);
  assert.equal(done.headers.location, `${ORIGIN}/transfer?to=sara&amount=5`);
  assert.notEqual(browser.session, before, 'a new session with a new id');
  assert.equal((await browser.app({ url: '/transfer?to=sara', headers: PAGE })).body, 'transferred');
  assert.deepEqual(events, ['started login', 'ended replaced', 'started login']);
});

test('what is no page gets the challenge: a program, a script, a socket, a form whose page is unknown', async (t) => {
  const { browser, advance } = await setUp(t);
  advance(100);
  const requests = [
    { headers: { accept: 'application/json' } },
    { headers: {} },
    { headers: { ...PAGE, 'sec-fetch-mode': 'cors' } },
    { headers: { ...PAGE, 'sec-fetch-mode': 'websocket', upgrade: 'websocket', origin: ORIGIN } },
    { method: 'POST', headers: { ...PAGE, 'sec-fetch-site': 'same-origin' } },
  ] as const;
  for (const request of requests) {
    const answer = await browser.app({ url: '/transfer', ...request });
    assert.equal(answer.statusCode, 401, JSON.stringify(request));
    assert.match(
      String(answer.headers['www-authenticate']),
      /^Bearer error="insufficient_user_authentication", .*max_age="60"$/,
    );
  }
  const referer = `${ORIGIN}/transfer/form?to=sara`;
  const form = await browser.app({
    ...{ method: 'POST', url: '/transfer' },
    headers: { ...PAGE, 'sec-fetch-site': 'same-origin', referer },
  });
  assert.match(String(form.headers.location), /return_to=%2Ftransfer%2Fform%3Fto%3Dsara&step_up=/);
  const older = await browser.app({ url: '/transfer', headers: { accept: 'text/html,*/*' } });
  assert.equal(older.statusCode, 303, 'a browser that does not say what it asks for');
});

test('where Keycloak cannot do what was asked for, the person is told, keeps their session, and is sent round no more', async (t) => {
  const { browser, follow, events } = await setUp(t);
  const before = browser.session;
  const sent = await browser.app({ url: '/gold', headers: PAGE });
  assert.equal(sent.statusCode, 303);
  const { asked, done } = await follow(String(sent.headers.location));
  assert.deepEqual([asked.get('acr_values'), asked.get('max_age')], ['gold', '3600']);
  assert.equal(done.statusCode, 403);
  assert.match(done.body, /This sign-in is not enough/);
  assert.equal(browser.session, before);
  assert.deepEqual([...browser.cookies.keys()], [COOKIE]);
  assert.equal((await browser.app({ url: '/protected' })).body, 'abdullah');
  assert.deepEqual(events, ['started login', 'login_failed too_weak']);
});

test('nobody but a guard can have Keycloak asked for anything', async (t) => {
  const { browser, advance } = await setUp(t);
  advance(100);
  const sent = await browser.app({ url: '/transfer', headers: PAGE });
  const good = new URL(String(sent.headers.location), ORIGIN).searchParams.get('step_up') ?? '';
  const askedWith = async (query: string) => {
    const begun = await browser.app({ url: `/auth/login?${query}` });
    const { searchParams } = new URL(String(begun.headers.location));
    return [searchParams.get('acr_values'), searchParams.get('max_age')];
  };
  assert.deepEqual(await askedWith(`step_up=${encodeURIComponent(good)}`), [null, '60']);
  for (const query of [
    'acr_values=silver&max_age=0',
    'step_up=gold',
    `step_up=${encodeURIComponent(`${good.slice(0, -2)}${good.endsWith('AA') ? 'BB' : 'AA'}`)}`,
    `step_up=${encodeURIComponent(good)}&step_up=x`,
    `step_up=${encodeURIComponent([...browser.cookies.values()][0] ?? '')}`,
  ]) {
    assert.deepEqual(await askedWith(query), [null, null], query);
  }
  advance(601);
  assert.deepEqual(await askedWith(`step_up=${encodeURIComponent(good)}`), [null, null], 'too late');
});

test('the page that is come back to is one of this app', async (t) => {
  const { browser, advance } = await setUp(t);
  advance(100);
  for (const [url, expected] of [
    ['/transfer', '/transfer'],
    ['/transfer?next=//evil.example.com', '/transfer?next=//evil.example.com'],
    ['http://evil.example.com/transfer', '/transfer'],
  ] as const) {
    const sent = await browser.app({ url, headers: PAGE });
    const { searchParams } = new URL(String(sent.headers.location), ORIGIN);
    assert.equal(searchParams.get('return_to'), expected);
  }
});

/** Where a page of an app at a public URL is sent back to after another sign-in; `undefined`: it is not sent. */
function returnOf(publicUrl: string, request: Partial<SessionRequest>): string | undefined {
  const keycloak = { serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-app' };
  const sessions = createSessions({
    verifier: createVerifier(keycloak),
    client: createClient(keycloak),
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    publicUrl,
  });
  const whole = { method: 'GET', url: '/', ...request, headers: { ...PAGE, ...request.headers } };
  const sent = sessions.stepUp(whole, { signIn: { maxAge: 60 }, tenant: undefined });
  if (sent === undefined) return undefined;
  const { pathname, searchParams } = new URL(sent, ORIGIN);
  assert.equal(pathname, `${new URL(publicUrl).pathname.replace(/\/$/, '')}/auth/login`);
  return String(searchParams.get('return_to'));
}

test('behind a path of a proxy the way leads through that path, for any framework', () => {
  for (const [url, page] of [
    ...['/transfer?a', 'http://internal:3000/transfer?a', '/shop/transfer?a'].map((one) => [
      one,
      '/shop/transfer?a',
    ]),
    ...['/shop', '/shop?tab=1', '/shop/'].map((one) => [one, one]),
    ...[
      ['/shopping', '/shop/shopping'],
      ['/', '/shop/'],
    ],
  ] as [string, string][])
    assert.equal(returnOf(`${ORIGIN}/shop`, { url }), page, url);
});

test('a form leads back to its page if that is one of the app, and nowhere if it is of another app or host', () => {
  const form = (publicUrl: string, referer: string) =>
    returnOf(publicUrl, { method: 'POST', url: '/transfer', headers: { referer } });
  const app = 'https://app.example.com';
  for (const page of ['/', '/form', '/form?to=sara', '/?tab=1']) assert.equal(form(app, app + page), page);
  for (const page of ['/app', '/app?tab=1', '/app/', '/app/form?to=sara'])
    for (const publicUrl of [`${app}/app`, `${app}/app/`]) assert.equal(form(publicUrl, app + page), page);
  for (const referer of [
    ...['.evil.org/app/x', '@evil.org/app/x', ':8443/app/x', '0/app/x', ''].map((end) => app + end),
    ...['http://app.example.com/app/x', 'https://evil.org/app/x', `https://evil.org/${app}/app/x`, 'null'],
  ])
    for (const publicUrl of [app, `${app}/app`]) assert.equal(form(publicUrl, referer), undefined, referer);
  for (const page of ['/', '/other', '/application', '/app2?x', '/app.evil', '/?/app/x'])
    assert.equal(form(`${app}/app`, app + page), undefined, page);
});

test('it can be switched off', async (t) => {
  const { browser, advance } = await setUp(t, { stepUp: false });
  advance(100);
  const answer = await browser.app({ url: '/transfer', headers: PAGE });
  assert.equal(answer.statusCode, 401);
});
