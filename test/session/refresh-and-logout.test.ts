import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { createVerifier } from '../../packages/guard/src/core/index.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { buildTestApp, form, type Log, PASSWORD, SECRET, shareTestApp, startIdp } from '../server/service.ts';
import { assertTokenLifetimes } from '../support/token-response.ts';
import { ORIGIN, openBrowser } from './browser.ts';

interface Tokens {
  access_token: string;
  refresh_token: string;
}

async function login(app: FastifyInstance): Promise<Tokens> {
  const answer = await app.inject(form({ username: 'abdullah', password: PASSWORD }));
  assert.equal(answer.statusCode, 200);
  return answer.json();
}

const refresh = (app: FastifyInstance, refresh_token: string) =>
  app.inject({ method: 'POST', url: '/refresh', payload: { refresh_token } });

const callProtected = (app: FastifyInstance, token: string) =>
  app.inject({ url: '/protected', headers: { authorization: `Bearer ${token}` } });

const CHALLENGE = 'Bearer error="invalid_token", error_description="The refresh token is not valid"';
const REVOKED = 'Bearer error="invalid_token", error_description="The access token was revoked"';

const logOutBy = (app: FastifyInstance, token: string) =>
  app.inject({ method: 'POST', url: '/logout', headers: { authorization: `Bearer ${token}` } });

const logoutsIn = (log: Log) =>
  log
    .lines()
    .filter(({ name, event }) => name === 'audit' && event === 'logout')
    .map(({ outcome, by }) => [outcome, by]);

/** With a provider and a service of its own: what it does to them stays. */
async function startOwn(t: TestContext, settings: Record<string, string> = {}) {
  const idp = await startIdp(t);
  return { idp, ...(await buildTestApp(t, idp.url, { TOKEN_CHECK: 'local', ...settings })) };
}

describe('a session without a browser', () => {
  // Without the limits on logins: each test logs somebody in.
  const shared = shareTestApp({
    TOKEN_CHECK: 'local',
    LOGINS_PER_MINUTE_AND_ADDRESS: '0',
    LOGINS_PER_MINUTE_AND_USER: '0',
  });

  test('a refresh token, as form or JSON, gives the answer of /login', async () => {
    const { app } = shared;
    const { refresh_token } = await login(app);
    const answer = await app.inject({
      ...form({ refresh_token }),
      url: '/refresh',
    });
    assert.equal(answer.statusCode, 200);
    const { access_token, refresh_token: next, ...rest } = answer.json();
    assertTokenLifetimes(rest);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal((await callProtected(app, access_token)).statusCode, 200);
    assert.equal((await refresh(app, next)).statusCode, 200);
  });

  test('two refreshes at the same time are one call to Keycloak, and both get the new pair', async (t) => {
    const { idp, app } = shared;
    const before = { revokeRefreshToken: false, refreshTokenMaxReuse: 0 };
    t.after(() => idp.updateRealm(before));
    idp.updateRealm({ ...before, revokeRefreshToken: true });
    const { refresh_token } = await login(app);
    idp.resetRequests();
    // On a busy machine the one would be answered before the other is sent.
    idp.answerSlowly(500, 'token');
    const answers = await Promise.all([refresh(app, refresh_token), refresh(app, refresh_token)]);
    idp.answerNormally();
    assert.deepEqual(
      answers.map(({ statusCode }) => statusCode),
      [200, 200],
    );
    assert.equal(answers[0].body, answers[1].body);
    assert.equal(idp.requests.token, 1);
    assert.equal((await refresh(app, answers[0].json().refresh_token)).statusCode, 200);
  });

  for (const [name, spoil] of [
    ['of a session that ended', async (idp) => idp.logoutUser('abdullah')],
    ['of a user who was disabled', async (idp) => idp.disableUser('abdullah')],
    ['that expired', async (idp) => idp.advanceClock(1801)],
  ] as [string, (idp: DevIdp) => Promise<void>][]) {
    test(`a refresh token ${name} is 401`, async (t) => {
      const { idp, app, log } = name === 'that expired' ? await startOwn(t) : shared;
      log.clear();
      const { refresh_token } = await login(app);
      await spoil(idp);
      const answer = await refresh(app, refresh_token);
      idp.enableUser('abdullah');
      assert.equal(answer.statusCode, 401);
      assert.equal(answer.body, '{"detail":"Could not validate credentials"}');
      assert.equal(answer.headers['www-authenticate'], CHALLENGE);
      assert.ok(!log.text().includes(refresh_token));
    });
  }

  test('an access token is no refresh token, nor is garbage', async () => {
    const { app } = shared;
    const { access_token } = await login(app);
    for (const wrong of [access_token, 'garbage']) {
      for (const url of ['/refresh', '/logout']) {
        const answer = await app.inject({ method: 'POST', url, payload: { refresh_token: wrong } });
        assert.equal(answer.statusCode, 401);
        assert.equal(answer.body, '{"detail":"Could not validate credentials"}');
        assert.equal(answer.headers['www-authenticate'], CHALLENGE);
      }
    }
  });

  test('without a refresh token /refresh is 422, and Keycloak is not called', async () => {
    const { idp, app } = shared;
    idp.resetRequests();
    for (const payload of [undefined, {}, { refresh_token: '' }]) {
      const answer = await app.inject({ method: 'POST', url: '/refresh', ...(payload ? { payload } : {}) });
      assert.equal(answer.statusCode, 422);
      assert.deepEqual(answer.json(), {
        detail: [{ type: 'missing', loc: ['body', 'refresh_token'], msg: 'Field required', input: null }],
      });
    }
    assert.equal(idp.requests.token, 0);
  });

  test('/refresh and /logout while Keycloak is down are 503', async (t) => {
    const { idp, app } = await startOwn(t);
    const { refresh_token } = await login(app);
    await idp.goDown();
    for (const url of ['/refresh', '/logout']) {
      const answer = await app.inject({ method: 'POST', url, payload: { refresh_token } });
      assert.equal(answer.statusCode, 503, url);
      assert.equal(answer.body, '{"detail":"Identity provider unavailable"}');
      assert.equal(answer.headers['retry-after'], '5');
      assert.equal(answer.headers['www-authenticate'], undefined);
    }
  });

  test('a logout by refresh token ends the session in Keycloak, and its access token is refused here at once', async () => {
    const { idp, app } = shared;
    await idp.logoutUser('abdullah');
    const { access_token, refresh_token } = await login(app);
    const other = await login(app);
    assert.equal((await callProtected(app, access_token)).statusCode, 200);
    const answer = await app.inject({ ...form({ refresh_token }), url: '/logout' });
    assert.equal(answer.statusCode, 204);
    assert.equal(answer.body, '');
    assert.equal(idp.sessionsOf('abdullah').length, 1);
    const refused = await callProtected(app, access_token);
    assert.equal(refused.statusCode, 401);
    assert.equal(refused.headers['www-authenticate'], REVOKED);
    assert.equal((await refresh(app, refresh_token)).statusCode, 401);
    assert.equal((await callProtected(app, other.access_token)).statusCode, 200);
  });

  test('a logout by bearer token ends its session too', async () => {
    const { app, idp } = shared;
    await idp.logoutUser('abdullah');
    const { access_token, refresh_token } = await login(app);
    const answer = await app.inject({
      method: 'POST',
      url: '/logout',
      headers: { authorization: `Bearer ${access_token}` },
    });
    assert.equal(answer.statusCode, 204);
    assert.deepEqual(idp.sessionsOf('abdullah'), []);
    const refused = await callProtected(app, access_token);
    assert.equal(refused.statusCode, 401);
    assert.equal(refused.headers['www-authenticate'], REVOKED);
    assert.equal((await refresh(app, refresh_token)).statusCode, 401);
  });

  test('a logout without any token is 401 with a bare challenge', async () => {
    const { app } = shared;
    const answer = await app.inject({ method: 'POST', url: '/logout' });
    assert.equal(answer.statusCode, 401);
    assert.equal(answer.body, '{"detail":"Not authenticated"}');
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
  });

  for (const [name, settings, spoil] of [
    ['whose session ended in Keycloak', undefined, async (idp) => idp.logoutUser('abdullah')],
    [
      'that expired by the clock of Keycloak',
      { CLOCK_TOLERANCE_SECONDS: '60' },
      (idp) => idp.advanceClock(302),
    ],
    ['of a user who was disabled', undefined, (idp) => idp.disableUser('abdullah')],
  ] as [string, Record<string, string> | undefined, (idp: DevIdp) => unknown][]) {
    test(`a logout by a bearer token ${name} is 401, and it is refused here from then on`, async (t) => {
      const { idp, app, log } = settings === undefined ? shared : await startOwn(t, settings);
      log.clear();
      const { access_token } = await login(app);
      await spoil(idp);
      assert.equal((await callProtected(app, access_token)).statusCode, 200);
      const answer = await logOutBy(app, access_token);
      idp.enableUser('abdullah');
      assert.equal(answer.statusCode, 401);
      assert.equal(answer.body, '{"detail":"Could not validate credentials"}');
      assert.equal(answer.headers['www-authenticate'], REVOKED);
      assert.equal((await callProtected(app, access_token)).headers['www-authenticate'], REVOKED);
      assert.deepEqual(logoutsIn(log), [['token_revoked', 'access_token']]);
      assert.ok(!log.lines().some(({ level }) => level === 'error'));
    });
  }

  for (const [name, claims, id] of [
    ['is not for the account API', { aud: 'fastapi-keycloak' }, 'token-not-for-account'],
    ['may not manage the account', { resource_access: {} }, 'refused'],
  ] as const) {
    test(`a logout by a bearer token that ${name} is a matter of set-up: 500, explained in the log`, async () => {
      const { idp, app, log } = shared;
      await idp.logoutUser('abdullah');
      log.clear();
      const token = await idp.issueToken({ username: 'abdullah', clientId: 'fastapi-keycloak', claims });
      const answer = await logOutBy(app, token);
      assert.equal(answer.statusCode, 500);
      assert.equal(answer.headers['www-authenticate'], undefined);
      assert.equal(idp.sessionsOf('abdullah').length, 1);
      assert.equal((await callProtected(app, token)).headers['www-authenticate'], REVOKED);
      assert.deepEqual(logoutsIn(log), [['misconfigured', 'access_token']]);
      assert.deepEqual(
        log.lines().flatMap((line) => (line.level === 'error' ? [line.id] : [])),
        [id],
      );
    });
  }

  test('a 401 that is not of Keycloak says nothing about the token', async (t) => {
    const idp = await startIdp(t);
    const client = createClient({
      serverUrl: idp.url,
      ...{ realm: 'testing', clientId: 'fastapi-keycloak', clientSecret: SECRET },
      fetch: async (url, init) =>
        String(url).includes('/account/sessions/')
          ? new Response('<h1>Who are you?</h1>', { status: 401 })
          : fetch(url, init),
    });
    const { app, log } = await buildTestApp(t, idp.url, {}, { client });
    const { access_token } = await login(app);
    assert.equal((await logOutBy(app, access_token)).statusCode, 500);
    assert.deepEqual(logoutsIn(log), [['misconfigured', 'access_token']]);
  });

  test('a logout with a session cookie alone is a 401 that is reported, and the session goes on', async (t) => {
    const idp = await startIdp(t);
    const { app, log } = await buildTestApp(t, idp.url, { PUBLIC_URL: ORIGIN });
    const browser = openBrowser(app);
    await browser.signIn();
    const headers = { 'sec-fetch-site': 'same-origin' };
    const answer = await browser.app({ method: 'POST', url: '/logout', headers });
    assert.equal(answer.statusCode, 401);
    assert.equal(answer.body, '{"detail":"Not authenticated"}');
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
    assert.deepEqual(logoutsIn(log), [['missing_token', 'access_token']]);
    assert.equal((await browser.app({ url: '/protected' })).statusCode, 200);
  });
});

/** A service whose Redis takes no revocation. */
async function cannotShare(t: TestContext) {
  const idp = await startIdp(t);
  const settings = { PUBLIC_URL: ORIGIN, TOKEN_CHECK: 'local' };
  const verifier = createVerifier({
    ...{ serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak', tokenCheck: 'local' },
    revocationStore: {
      add: async () => {
        throw new Error('OOM command not allowed');
      },
      subscribe: () => () => {},
      useOnce: async () => true,
    },
  });
  t.after(() => verifier.close());
  return { idp, ...(await buildTestApp(t, idp.url, settings, { verifier })) };
}

test('a logout by a bearer token that cannot be shared ends the session in Keycloak all the same: 503', async (t) => {
  const { idp, app } = await cannotShare(t);
  const { access_token } = await login(app);
  const answer = await logOutBy(app, access_token);
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.headers['retry-after'], '5');
  assert.deepEqual(idp.sessionsOf('abdullah'), []);
  assert.equal((await callProtected(app, access_token)).headers['www-authenticate'], REVOKED);
});

test('a logout in the browser that cannot be shared goes to Keycloak all the same, and is in the log', async (t) => {
  const { idp, app, log } = await cannotShare(t);
  const browser = openBrowser(app);
  await browser.signIn();
  const headers = { 'sec-fetch-site': 'same-origin' };
  const answer = await browser.app({ method: 'POST', url: '/auth/logout', headers });
  assert.equal(answer.statusCode, 303);
  const url = String(answer.headers.location);
  assert.ok(url.startsWith(`${idp.issuer}/protocol/openid-connect/logout?`), url);
  await fetch(url, { redirect: 'manual' });
  assert.deepEqual(idp.sessionsOf('abdullah'), []);
  assert.equal(browser.cookies.size, 0);
  assert.deepEqual(
    log
      .lines()
      .flatMap(({ level, code }) => (code === undefined ? [] : [[level, code]]))
      .slice(-1),
    [['warn', 'revocation_not_shared']],
  );
});
