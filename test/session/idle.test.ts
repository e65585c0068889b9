import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { freezeTime } from '../support/freeze-time.ts';
import { openBrowser } from './browser.ts';
import { buildSessionApp } from './session-app.ts';

const LIFESPAN = 20;

async function setUp(t: TestContext, maxCachedSessions: number) {
  freezeTime(t);
  let now = Date.now();
  const start = now;
  const session = { idleSeconds: 60, maxCachedSessions };
  const { app, idp } = await buildSessionApp(t, { clock: () => now, session });
  idp.updateRealm({ accessTokenLifespan: LIFESPAN });
  const browser = openBrowser(app);
  await browser.signIn();
  return {
    browser,
    idp,
    poll: async () => (await browser.app({ url: '/auth/session' })).json(),
    secondsOf: (time: number) => time - Math.floor(start / 1000),
    advance(seconds: number) {
      now += seconds * 1000;
      idp.advanceClock(seconds);
    },
  };
}

for (const maxCachedSessions of [10_000, 0]) {
  const how = maxCachedSessions === 0 ? 'read from the store each time' : 'kept in memory';
  test(`a page that asks /auth/session does not keep a session from ending (${how})`, async (t) => {
    const { browser, idp, poll, advance, secondsOf } = await setUp(t, maxCachedSessions);
    assert.equal((await browser.app({ url: '/protected' })).statusCode, 200);
    idp.resetRequests();
    for (let second = 0; second < 55; second += 5) {
      const answer = await poll();
      assert.equal(answer.authenticated, true, `after ${second} s`);
      const idle = secondsOf(answer.idle_expires_at);
      assert.ok(idle === 60 || idle === 61, `after ${second} s it ends at ${idle} s`);
      advance(5);
    }
    assert.ok(idp.requests.token > 0, 'its tokens were renewed meanwhile');
    advance(6);
    assert.deepEqual(await poll(), { authenticated: false });
    assert.equal((await browser.app({ url: '/protected' })).statusCode, 401);
  });
}

test('a request to a guarded route is use, and the time begins anew', async (t) => {
  const { browser, poll, advance, secondsOf } = await setUp(t, 10_000);
  advance(50);
  assert.equal((await browser.app({ url: '/protected' })).statusCode, 200);
  const { idle_expires_at } = await poll();
  assert.ok([110, 111].includes(secondsOf(idle_expires_at)));
  advance(50);
  assert.equal((await poll()).authenticated, true);
  advance(11);
  assert.deepEqual(await poll(), { authenticated: false });
});

test('the longest time is told where it comes before the idle time', async (t) => {
  freezeTime(t);
  let now = Date.now();
  const { app } = await buildSessionApp(t, {
    clock: () => now,
    session: { idleSeconds: 100, maxSeconds: 120 },
  });
  const browser = openBrowser(app);
  await browser.signIn();
  now += 60_000;
  await browser.app({ url: '/protected' });
  const { idle_expires_at, expires_at } = (await browser.app({ url: '/auth/session' })).json();
  assert.equal(idle_expires_at, expires_at);
});
