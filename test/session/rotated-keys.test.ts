import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Fastify from 'fastify';
import { keycloakGuard, keycloakSession } from '../../packages/guard/src/adapters/fastify/index.ts';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { SECRET, startIdp } from '../support/dev-idp.ts';
import { freezeTime } from '../support/freeze-time.ts';
import { ORIGIN, openBrowser } from './browser.ts';

/** An app on a clock that is moved together with Keycloak's. */
async function setUp(t: TestContext, { hasRefreshTokens = true } = {}) {
  const idp = await startIdp(t);
  freezeTime(t);
  let now = Date.now();
  const clock = () => now;
  const keycloak = { serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' };
  const client = createClient({ ...keycloak, clientSecret: SECRET });
  const app = Fastify();
  t.after(() => app.close());
  await app.register(keycloakGuard, { ...keycloak, tokenCheck: 'local', clock });
  await app.register(keycloakSession, {
    client: {
      ...client,
      async finishAuthorization(response) {
        const tokens = await client.finishAuthorization(response);
        return hasRefreshTokens ? tokens : { ...tokens, refreshToken: null };
      },
    },
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    publicUrl: ORIGIN,
    clock,
  });
  app.get('/protected', { onRequest: app.guard() }, (request) => request.principal?.username);
  const browser = openBrowser(app);
  return {
    idp,
    browser,
    callProtected: () => browser.app({ url: '/protected' }),
    advance(seconds: number) {
      now += seconds * 1000;
      idp.advanceClock(seconds);
    },
    /** Asks for the keys, which is done once in five seconds. */
    async useUpTheQuestion() {
      const header = Buffer.from('{"alg":"RS256","typ":"JWT","kid":"made-up"}').toString('base64url');
      const payload = (await idp.issueToken({ username: 'sara' })).split('.')[1];
      const authorization = `Bearer ${header}.${payload}.${'A'.repeat(342)}`;
      const answer = await app.inject({ url: '/protected', headers: { authorization } });
      assert.equal(answer.statusCode, 401);
    },
  };
}

test('a key that is not known yet, while keys may not be asked for, is 503, and the session goes on', async (t) => {
  const { idp, browser, callProtected, advance, useUpTheQuestion } = await setUp(t);
  await browser.signIn();
  advance(301);
  await useUpTheQuestion();
  await idp.rotateKeys({ keepOld: false });
  const answer = await callProtected();
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.json().detail, 'Identity provider unavailable');
  assert.equal(answer.headers['retry-after'], '5');
  assert.equal(answer.headers['set-cookie'], undefined);
  advance(6);
  assert.equal((await callProtected()).statusCode, 200);
});

test('a session whose token is of a key that was taken away gets a new token', async (t) => {
  const { idp, browser, callProtected, advance, useUpTheQuestion } = await setUp(t);
  await browser.signIn();
  await idp.rotateKeys({ keepOld: false });
  advance(6);
  await useUpTheQuestion();
  idp.resetRequests();
  assert.equal((await callProtected()).statusCode, 200);
  assert.equal((await callProtected()).statusCode, 200);
  assert.equal(idp.requests.token, 1);
});

test('a session that can get no new token is not ended by a key that is not known', async (t) => {
  const { idp, browser, callProtected, advance, useUpTheQuestion } = await setUp(t, {
    hasRefreshTokens: false,
  });
  await browser.signIn();
  await idp.rotateKeys({ keepOld: false });
  advance(6);
  await useUpTheQuestion();
  const answer = await callProtected();
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.headers['set-cookie'], undefined);
});

test('a login with a key that is not known yet is a matter of time, not of set-up', async (t) => {
  const { idp, browser, advance, useUpTheQuestion } = await setUp(t);
  await useUpTheQuestion();
  await idp.rotateKeys({ keepOld: false });
  const answer = await browser.signIn();
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.body, '{"detail":"Identity provider unavailable"}');
  advance(6);
  assert.equal((await browser.signIn()).statusCode, 303);
});
