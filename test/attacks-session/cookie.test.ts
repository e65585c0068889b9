import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Fastify from 'fastify';
import { keycloakGuard, keycloakSession } from '../../packages/guard/src/adapters/fastify/index.ts';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { buildTestApp, SECRET, shareTestApp, startIdp } from '../server/service.ts';
import { COOKIE, ORIGIN, openBrowser } from '../session/browser.ts';
import { freezeTime } from '../support/freeze-time.ts';

const SETTINGS = { PUBLIC_URL: ORIGIN, TOKEN_CHECK: 'local' };
const SECRETS = ['b7f3c1d95e0a4826b7f3c1d95e0a4826', '0a4826b7f3c1d95e0a4826b7f3c1d95e'] as const;

describe('a session cookie', () => {
  const shared = shareTestApp(SETTINGS);

  test('a cookie that was tampered with is no session', async () => {
    const { app } = shared;
    const browser = openBrowser(app);
    await browser.signIn();
    const good = browser.cookies.get(COOKIE) ?? '';
    const flipped = `${good[0] === 'A' ? 'B' : 'A'}${good.slice(1)}`;
    for (const value of [
      flipped,
      good.slice(0, -1),
      `${good}A`,
      good.split('.')[0],
      '',
      '%',
      '%00',
      good.repeat(50),
    ]) {
      const answer = await app.inject({ url: '/protected', headers: { cookie: `${COOKIE}=${value}` } });
      assert.equal(answer.statusCode, 401);
      assert.equal(answer.body, '{"detail":"Not authenticated"}');
      assert.equal(answer.headers['www-authenticate'], 'Bearer');
      // It is not known to be ours.
      assert.equal(answer.headers['set-cookie'], undefined);
    }
  });

  test('of several session cookies the one that was signed here counts, and of two such ones none', async () => {
    const { app } = shared;
    const [mine, another] = await Promise.all(
      [1, 2].map(async () => {
        const browser = openBrowser(app);
        await browser.signIn();
        return browser.cookies.get(COOKIE);
      }),
    );
    for (const [values, status] of [
      [['x', mine], 200],
      [[mine, 'x', mine], 200],
      [[mine, another], 401],
      [['x', 'y'], 401],
    ] as const) {
      const cookie = values.map((value) => `${COOKIE}=${value}`).join('; ');
      assert.equal(
        (await app.inject({ url: '/protected', headers: { cookie } })).statusCode,
        status,
        `${status}`,
      );
    }
  });

  for (const [name, headers, status] of [
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
    ['a sibling domain', { 'sec-fetch-site': 'same-site', origin: 'http://other.localhost:8000' }, 403],
    ['another site, in an old browser', { origin: 'https://evil.example' }, 403],
    ['a sandboxed frame', { origin: 'null' }, 403],
    ['nobody knows where', {}, 403],
    ['this origin', { 'sec-fetch-site': 'same-origin' }, 303],
    ['this origin, in an old browser', { origin: ORIGIN }, 303],
  ] as const) {
    test(`cross-site POST: a logout from ${name} is ${status}`, async () => {
      const browser = openBrowser(shared.app);
      await browser.signIn();
      const answer = await browser.app({ method: 'POST', url: '/auth/logout', headers: { ...headers } });
      assert.equal(answer.statusCode, status);
      if (status === 403) {
        assert.equal(answer.body, '{"detail":"Requests from other sites are refused"}');
        assert.equal(answer.headers['www-authenticate'], undefined);
      }
      const after = await browser.app({ url: '/protected' });
      assert.equal(after.statusCode, status === 403 ? 200 : 401);
    });
  }

  test('the back button after a logout: pages are not stored, and the cookie that was is worth nothing', async () => {
    const { app } = shared;
    const browser = openBrowser(app);
    await browser.signIn();
    const cookie = browser.session;
    for (const url of ['/', '/protected', '/auth/session']) {
      const answer = await browser.app({ url, headers: { accept: 'text/html' } });
      assert.equal(answer.headers['cache-control'], 'no-store', url);
    }
    await browser.app({ method: 'POST', url: '/auth/logout', headers: { 'sec-fetch-site': 'same-origin' } });
    const page = await app.inject({ url: '/', headers: { cookie, accept: 'text/html' } });
    assert.match(page.body, /You are not signed in\./);
    assert.equal((await app.inject({ url: '/protected', headers: { cookie } })).statusCode, 401);
  });
});

test('a cookie of another deployment is no session', async (t) => {
  const idp = await startIdp(t);
  const [ours, theirs] = await Promise.all(
    SECRETS.map(
      async (SESSION_SECRET) => (await buildTestApp(t, idp.url, { ...SETTINGS, SESSION_SECRET })).app,
    ),
  );
  const browser = openBrowser(theirs!);
  await browser.signIn();
  const cookie = browser.session;
  assert.equal((await theirs!.inject({ url: '/protected', headers: { cookie } })).statusCode, 200);
  const answer = await ours!.inject({ url: '/protected', headers: { cookie } });
  assert.equal(answer.statusCode, 401);
  assert.equal(answer.body, '{"detail":"Not authenticated"}');
});

test('cross-site POST: a guarded route that changes something refuses the cookie, and takes a bearer token', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url, SETTINGS);
  app.post('/orders', { onRequest: app.guard() }, () => ({ ok: true }));
  const browser = openBrowser(app);
  await browser.signIn();
  const origin = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
  const refused = await browser.app({ method: 'POST', url: '/orders', headers: origin });
  assert.equal(refused.statusCode, 403);
  const own = await browser.app({
    method: 'POST',
    url: '/orders',
    headers: { 'sec-fetch-site': 'same-origin' },
  });
  assert.equal(own.statusCode, 200);
  const authorization = `Bearer ${await idp.issueToken({ username: 'abdullah' })}`;
  const byToken = await app.inject({ method: 'POST', url: '/orders', headers: { ...origin, authorization } });
  assert.equal(byToken.statusCode, 200);
});

test('two hundred requests at once, after the access token expired, are one refresh', async (t) => {
  const idp = await startIdp(t);
  freezeTime(t);
  idp.updateRealm({ accessTokenLifespan: 60, revokeRefreshToken: true, refreshTokenMaxReuse: 0 });
  const { app } = await buildTestApp(t, idp.url, { ...SETTINGS, CLOCK_TOLERANCE_SECONDS: '0' });
  const browser = openBrowser(app);
  await browser.signIn();
  const headers = { cookie: browser.session };
  idp.updateRealm({ accessTokenLifespan: 300 });
  idp.resetRequests();
  t.mock.timers.setTime(Date.now() + 61_000);
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => app.inject({ url: '/protected', headers })),
  );
  assert.deepEqual([...new Set(answers.map(({ statusCode }) => statusCode))], [200]);
  assert.equal(idp.requests.token, 1);
});

for (const limit of [{ idleSeconds: 60 }, { maxSeconds: 60 }]) {
  test(`a session ends by ${Object.keys(limit)[0]}`, async (t) => {
    const idp = await startIdp(t);
    freezeTime(t);
    let now = Date.now();
    const keycloak = { serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' };
    const app = Fastify();
    t.after(() => app.close());
    await app.register(keycloakGuard, { ...keycloak, tokenCheck: 'local' });
    await app.register(keycloakSession, {
      client: createClient({ ...keycloak, clientSecret: SECRET }),
      secret: SECRETS[0],
      publicUrl: ORIGIN,
      clock: () => now,
      ...limit,
    });
    app.get('/protected', { onRequest: app.guard() }, (request) => request.principal?.username);
    const browser = openBrowser(app);
    await browser.signIn();
    now += 59_000;
    assert.equal((await browser.app({ url: '/protected' })).statusCode, 200);
    now += 2_000;
    // Used a moment ago: only the absolute limit is over.
    assert.equal((await browser.app({ url: '/protected' })).statusCode, 'idleSeconds' in limit ? 200 : 401);
    now += 61_000;
    const answer = await browser.app({ url: '/protected' });
    assert.equal(answer.statusCode, 401);
    assert.equal(browser.cookies.size, 0);
  });
}
