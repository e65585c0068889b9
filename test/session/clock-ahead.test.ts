import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { SessionEvent } from '../../packages/guard/src/session/index.ts';
import { freezeTime } from '../support/freeze-time.ts';
import { openBrowser } from './browser.ts';
import { buildSessionApp } from './session-app.ts';

/** An app whose clock is ahead of Keycloak's; tokens live for 300 seconds. */
async function setUp(t: TestContext, aheadSeconds: number) {
  freezeTime(t);
  let now = Date.now() + aheadSeconds * 1000;
  const ended: string[] = [];
  const onEvent = ({ type, reason }: SessionEvent) => void (type === 'ended' && ended.push(reason));
  const { app, idp } = await buildSessionApp(t, { clock: () => now, session: { onEvent } });
  const browser = openBrowser(app);
  assert.equal((await browser.signIn()).statusCode, 303);
  return {
    idp,
    browser,
    ended,
    callProtected: () => browser.app({ url: '/protected' }),
    advance(seconds: number) {
      now += seconds * 1000;
      idp.advanceClock(seconds);
    },
    jump(seconds: number) {
      now += seconds * 1000;
    },
  };
}

test('a clock that is 40 s ahead ends no session: a token that counts as expired is renewed', async (t) => {
  const { idp, browser, ended, callProtected, advance } = await setUp(t, 40);
  for (let i = 0; i < 3; i++) {
    idp.resetRequests();
    // Past the token's end by the clock here, not by how long Keycloak said that it lives.
    advance(267);
    const answer = await callProtected();
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['set-cookie'], undefined);
    assert.equal(idp.requests.token, 1);
  }
  assert.equal(browser.cookies.size, 1);
  assert.deepEqual(ended, []);
});

test('a token that counts as expired, and a session that Keycloak ended: it is over', async (t) => {
  const { idp, browser, ended, callProtected, advance } = await setUp(t, 40);
  await idp.logoutUser('abdullah');
  advance(267);
  assert.equal((await callProtected()).statusCode, 401);
  assert.equal(browser.cookies.size, 0);
  assert.deepEqual(ended, ['refresh_refused']);
});

test('a token that counts as expired while Keycloak is down is 503, and the session goes on', async (t) => {
  const { idp, browser, callProtected, advance } = await setUp(t, 40);
  await idp.goDown();
  advance(267);
  const answer = await callProtected();
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.headers['set-cookie'], undefined);
  await idp.comeBack();
  assert.equal((await callProtected()).statusCode, 200);
  assert.equal(browser.cookies.size, 1);
});

test('a clock so far ahead that new tokens count as expired is a matter of set-up: 500, and the session goes on', async (t) => {
  const { browser, ended, callProtected, jump } = await setUp(t, 0);
  jump(1_000);
  const answer = await callProtected();
  assert.equal(answer.statusCode, 500);
  assert.equal(answer.headers['set-cookie'], undefined);
  jump(-1_000);
  assert.equal((await callProtected()).statusCode, 200);
  assert.equal(browser.cookies.size, 1);
  assert.deepEqual(ended, []);
});
