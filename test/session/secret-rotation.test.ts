import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMemorySessionStore } from '../../packages/guard/src/session/index.ts';
import { startIdp } from '../server/service.ts';
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
  for (const [i, replica] of replicas.entries()) {
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

test('a cookie of an older secret is signed anew on use, and its session is encrypted anew', async (t) => {
  const { idp, start } = await startReplicas(t);
  const browser = openBrowser(await start(OLD));
  await browser.signIn();
  const before = browser.session;
  idp.resetRequests();
  const both = await start(NEW, OLD);
  const headers = { cookie: before };
  const [one, two] = [
    await both.inject({ url: '/protected', headers }),
    await both.inject({ url: '/auth/session', headers }),
  ];
  assert.equal(one.statusCode, 200);
  const line = String(one.headers['set-cookie']);
  assert.match(line, /^session-fastapi-keycloak=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
  assert.equal(two.headers['set-cookie'], line);
  assert.equal(one.headers['cache-control'], 'no-store');
  const after = line.split(';')[0] ?? '';
  assert.notEqual(after, before);
  const again = await both.inject({ url: '/protected', headers: { cookie: after } });
  assert.equal(again.headers['set-cookie'], undefined);
  const last = await start(NEW);
  assert.equal((await last.inject({ url: '/protected', headers: { cookie: after } })).statusCode, 200);
  assert.equal((await last.inject({ url: '/protected', headers })).statusCode, 401);
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
