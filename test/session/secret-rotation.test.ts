import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMemorySessionStore } from '../../packages/guard/src/session/index.ts';
import { startIdp } from '../support/dev-idp.ts';
import { openBrowser } from './browser.ts';
import { buildSessionApp, type TestIdp } from './session-app.ts';

const OLD = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';
const NEW = '0a4826b7f3c1d95e0a4826b7f3c1d95e';

/** Replicas with one store, each with its own secrets; none keeps a session in memory. */
async function startReplicas(t: TestContext) {
  const idp: TestIdp = await startIdp(t);
  const store = createMemorySessionStore();
  const start = async (...secret: string[]) =>
    (await buildSessionApp(t, { idp, session: { secret, store, maxCachedSessions: 0 } })).app;
  return { idp, start };
}

test('a rolling rotation signs nobody out at any moment: old,new → new,old → new', async (t) => {
  const { start } = await startReplicas(t);
  const steps = [[OLD], [OLD, NEW], [NEW, OLD], [NEW]];
  const replicas = await Promise.all(steps.map((secrets) => start(...secrets)));
  let browser = openBrowser(replicas[0]!);
  await browser.signIn();
  let latest = browser;
  for (const [i, replica] of replicas.entries()) {
    // Sessions of the old secret have ended before it is taken out.
    if (i === 3) browser = latest;
    // While this step is rolled out, requests go to replicas of the step before as well.
    const around = [replica, replicas[i - 1] ?? replica, replica];
    for (const one of around) {
      const here = openBrowser(one);
      for (const [name, value] of browser.cookies) here.cookies.set(name, value);
      assert.equal((await here.app({ url: '/protected' })).statusCode, 200, `step ${i}`);
      browser = here;
    }
    const late = openBrowser(replica);
    await late.signIn();
    latest = late;
    const before = replicas[i - 1];
    const headers = { cookie: late.session };
    if (before !== undefined) {
      assert.equal(
        (await before.inject({ url: '/protected', headers })).statusCode,
        200,
        `login in step ${i}`,
      );
    }
  }
});

test('a cookie and a session of an older secret are good as long as that is one of them', async (t) => {
  const { idp, start } = await startReplicas(t);
  const browser = openBrowser(await start(OLD));
  await browser.signIn();
  idp.resetRequests();
  const headers = { cookie: browser.session };
  const answer = await (await start(NEW, OLD)).inject({ url: '/protected', headers });
  assert.deepEqual([answer.statusCode, answer.headers['set-cookie']], [200, undefined]);
  assert.equal((await (await start(NEW)).inject({ url: '/protected', headers })).statusCode, 401);
  // The tokens stay the same.
  assert.equal(idp.requests.token, 0);
});

test('a login that began with the old secret ends with the new one in front', async (t) => {
  const { start } = await startReplicas(t);
  const [first, second] = [await start(OLD, NEW), await start(NEW, OLD)];
  const browser = openBrowser(first);
  const begun = await browser.app({ url: '/auth/login' });
  const back = new URL(await browser.signInAt(String(begun.headers.location)));
  const later = openBrowser(second);
  for (const [name, value] of browser.cookies) later.cookies.set(name, value);
  assert.equal((await later.app({ url: back.pathname + back.search })).statusCode, 303);
});
