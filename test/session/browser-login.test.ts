import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildTestApp, shareTestApp, startIdp } from '../server/service.ts';
import { eventually } from '../support/eventually.ts';
import { freezeTime } from '../support/freeze-time.ts';
import { COOKIE, ORIGIN, openBrowser } from './browser.ts';

const SETTINGS = { PUBLIC_URL: ORIGIN, TOKEN_CHECK: 'local' };
const SAME = { 'sec-fetch-site': 'same-origin' };

const cookieHeader = (names: readonly string[]) => names.map((name) => `${name}=x`).join('; ');
const setCookies = (headers: { 'set-cookie'?: string | string[] | undefined }) =>
  [headers['set-cookie'] ?? []].flat();

describe('people who sign in', () => {
  const shared = shareTestApp(SETTINGS);

  test('a login leads to Keycloak with PKCE, state and nonce, and back with a cookie that holds no token', async () => {
    const { idp, app, log } = shared;
    log.clear();
    const browser = openBrowser(app);
    const begun = await browser.app({ url: '/auth/login?return_to=/docs' });
    assert.equal(begun.statusCode, 303);
    assert.equal(begun.headers['cache-control'], 'no-store');
    const url = new URL(begun.headers.location ?? '');
    assert.equal(`${url.origin}${url.pathname}`, `${idp.issuer}/protocol/openid-connect/auth`);
    assert.equal(url.searchParams.get('response_type'), 'code');
    assert.equal(url.searchParams.get('redirect_uri'), `${ORIGIN}/auth/callback`);
    assert.equal(url.searchParams.get('code_challenge_method'), 'S256');
    for (const name of ['state', 'nonce', 'code_challenge']) assert.ok(url.searchParams.get(name));

    const back = new URL(await browser.signInAt(url.href));
    const done = await browser.app({ url: `${back.pathname}${back.search}` });
    assert.equal(done.statusCode, 303);
    assert.equal(done.headers.location, `${ORIGIN}/docs`);
    const cookies = [done.headers['set-cookie'] ?? []].flat();
    const session = cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`));
    assert.match(
      session ?? '',
      /^session-fastapi-keycloak=[\w%.+/-]{80,120}; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    assert.deepEqual([...browser.cookies.keys()], [COOKIE]);
    assert.doesNotMatch(log.text(), /\beyJ/);
    assert.ok(!log.text().includes(back.searchParams.get('code') ?? '-'));
  });

  test('/protected takes the cookie as well as the bearer token', async () => {
    const { app } = shared;
    const browser = openBrowser(app);
    await browser.signIn();
    const answer = await browser.app({ url: '/protected' });
    assert.equal(answer.statusCode, 200);
    assert.deepEqual(answer.json(), {
      preferred_username: 'abdullah',
      email: 'abdullah@example.com',
      full_name: 'Abdullah Alqahtani',
    });
    const wrong = await browser.app({ url: '/protected', headers: { authorization: 'Bearer x' } });
    assert.equal(wrong.statusCode, 401);
    assert.equal(wrong.body, '{"detail":"Could not validate credentials"}');
  });

  test('/auth/session tells who is signed in and until when', async () => {
    const { app } = shared;
    const browser = openBrowser(app);
    const before = await browser.app({ url: '/auth/session' });
    assert.equal(before.body, '{"authenticated":false}');
    await browser.signIn();
    const answer = await browser.app({ url: '/auth/session' });
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    const { idle_expires_at, expires_at, ...rest } = answer.json();
    assert.deepEqual(rest, {
      authenticated: true,
      user: {
        preferred_username: 'abdullah',
        email: 'abdullah@example.com',
        full_name: 'Abdullah Alqahtani',
      },
    });
    const now = Date.now() / 1000;
    assert.ok(Math.abs(idle_expires_at - now - 1800) < 20);
    assert.ok(Math.abs(expires_at - now - 36_000) < 20);
  });

  test('a logout ends the session here and in Keycloak, and comes back to the start', async () => {
    const { idp, app } = shared;
    await idp.logoutUser('abdullah');
    const browser = openBrowser(app);
    await browser.signIn();
    const kept = browser.session;
    const answer = await browser.app({ method: 'POST', url: '/auth/logout', headers: SAME });
    assert.equal(answer.statusCode, 303);
    const url = new URL(answer.headers.location ?? '');
    assert.equal(url.searchParams.get('post_logout_redirect_uri'), `${ORIGIN}/`);
    assert.ok(url.searchParams.get('id_token_hint'));
    assert.equal(browser.cookies.size, 0);
    const stolen = await app.inject({ url: '/protected', headers: { cookie: kept } });
    assert.equal(stolen.statusCode, 401);
    assert.equal(stolen.body, '{"detail":"Not authenticated"}');
    assert.equal(stolen.headers['www-authenticate'], 'Bearer');
    const atProvider = await fetch(url, { redirect: 'manual' });
    assert.equal(atProvider.headers.get('location'), `${ORIGIN}/`);
    assert.deepEqual(idp.sessionsOf('abdullah'), []);
  });

  test('a callback that nobody here began is 400', async () => {
    const { idp, app } = shared;
    idp.resetRequests();
    for (const query of ['', '&error=access_denied', '&error=temporarily_unavailable']) {
      const answer = await app.inject({ url: `/auth/callback?state=made-up&code=x${query}` });
      assert.equal(answer.statusCode, 400, query);
      assert.equal(answer.body, '{"detail":"This sign-in is no longer valid"}');
      assert.equal(answer.headers['set-cookie'], undefined);
    }
    assert.equal(idp.requests.token, 0);
  });

  test('cookies of others whose names begin as ours do keep nobody from signing in', async () => {
    const { app } = shared;
    for (const end of [' ', '\u00e9', '"', '@', '', 'aa']) {
      const names = Array.from({ length: 6 }, (_, i) => `${COOKIE}-login-${i}aaaaa${end}aaaaa`);
      const answer = await app.inject({ url: '/auth/login', headers: { cookie: cookieHeader(names) } });
      assert.equal(answer.statusCode, 303, JSON.stringify(end));
      const set = setCookies(answer.headers);
      assert.equal(set.length, 1, 'none of them is ours to clear');
      assert.match(set[0] ?? '', /^session-fastapi-keycloak-login-[\w-]{12}=[^;]{100}/);
    }
  });

  test('with PUBLIC_URL the host of the request does not matter', async () => {
    const { app } = shared;
    const answer = await app.inject({ url: '/auth/login', headers: { host: '[' } });
    assert.equal(answer.statusCode, 303);
  });
});

test('on https the cookies are __Host- and Secure', async (t) => {
  const idp = await startIdp(t);
  idp.updateClient('fastapi-keycloak', { redirectUris: ['https://api.example.com/*'] });
  const { app } = await buildTestApp(t, idp.url, { PUBLIC_URL: 'https://api.example.com' });
  const browser = openBrowser(app, 'https://api.example.com');
  const done = await browser.signIn();
  assert.equal(done.statusCode, 303);
  const session = [done.headers['set-cookie'] ?? []]
    .flat()
    .find((cookie) => cookie.startsWith(`__Host-${COOKIE}=`));
  assert.match(session ?? '', /; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
});

test('a session that Keycloak ends is over with the next request, and its cookie goes', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url, { PUBLIC_URL: ORIGIN });
  const listening = await app.listen({ port: 0, host: '127.0.0.1' });
  idp.updateClient('fastapi-keycloak', {
    attributes: {
      'backchannel.logout.url': `${listening}/backchannel-logout`,
      'backchannel.logout.session.required': 'true',
    },
  });
  const browser = openBrowser(app);
  await browser.signIn();
  assert.equal((await browser.app({ url: '/protected' })).statusCode, 200);
  await idp.logoutUser('abdullah');
  const answer = await browser.app({ url: '/protected' });
  assert.equal(answer.statusCode, 401);
  assert.equal(answer.body, '{"detail":"Not authenticated"}');
  assert.equal(browser.cookies.size, 0);
});

test('a sign-in in the second of a logout of the whole user can be tried again, and the log says why', async (t) => {
  freezeTime(t);
  const idp = await startIdp(t);
  const { app, log } = await buildTestApp(t, idp.url, SETTINGS);
  const listening = await app.listen({ port: 0, host: '127.0.0.1' });
  // Its logout tokens have no sid.
  idp.updateClient('fastapi-keycloak', {
    attributes: {
      'backchannel.logout.url': `${listening}/backchannel-logout`,
      'backchannel.logout.session.required': 'false',
    },
  });
  await openBrowser(app).signIn();
  await idp.logoutUser('abdullah');
  const answer = await openBrowser(app).signIn();
  assert.deepEqual([answer.statusCode, answer.body], [400, '{"detail":"Sign-in did not succeed"}']);
  const [line] = log.lines().filter(({ code }) => code === 'token_revoked');
  assert.deepEqual([line?.level, line?.msg], ['warn', 'the sign-in failed: The token was revoked']);
  assert.match(String(line?.fix), /same second the user was changed/);
  assert.match(String(line?.fix), /Not before of the realm and the clocks/);
  assert.match(String(line?.fix), /[Bb]ackchannel logout session required/);
});

test('a login while Keycloak is down is 503, as a page where one is asked for', async (t) => {
  const idp = await startIdp(t);
  await idp.goDown();
  const { app } = await buildTestApp(t, idp.url, SETTINGS);
  const answer = await app.inject({ url: '/auth/login', headers: { accept: 'text/html' } });
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.headers['retry-after'], '5');
  assert.match(answer.body, /<h1>Identity provider unavailable<\/h1>/);
  assert.match(String(answer.headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-/);
});

test('without PUBLIC_URL a login at a host that is none is 400, and no browser is sent away', async (t) => {
  const { app, log } = await buildTestApp(t, 'http://127.0.0.1:1');
  for (const host of ['[', 'a b', 'x:99999', '::', '%']) {
    log.clear();
    const answer = await app.inject({ url: '/auth/login', headers: { host } });
    assert.equal(answer.statusCode, 400, host);
    assert.equal(answer.body, '{"detail":"Sign-in is not possible at this address"}');
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['set-cookie'], undefined);
    assert.equal(answer.headers.location, undefined);
    const audited = () =>
      log.lines().flatMap(({ name, event, outcome }) => (name === 'audit' ? [[event, outcome]] : []));
    await eventually('it is in the audit log', () => audited().length > 0);
    assert.deepEqual(audited(), [['login', 'not_valid']]);
  }
});
