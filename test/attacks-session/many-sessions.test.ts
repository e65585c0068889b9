import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemorySessionStore, type SessionEvent } from '../../packages/guard/src/session/index.ts';
import { openBrowser } from '../session/browser.ts';
import { buildSessionApp } from '../session/session-app.ts';

test('session flood: one login at Keycloak holds five sessions here, and the oldest ones end', async (t) => {
  const events: SessionEvent[] = [];
  // A store in which the other person's session would be the first to go.
  const session = {
    store: createMemorySessionStore({ maxSessions: 9 }),
    maxCachedSessions: 0,
    onEvent: (event: SessionEvent) => void events.push(event),
  };
  const { app } = await buildSessionApp(t, { session });
  const [attacker, other] = [openBrowser(app), openBrowser(app)];
  await other.signIn('sara');
  const cookies: string[] = [];
  for (let i = 0; i < 10; i++) {
    assert.equal((await attacker.signIn()).statusCode, 303);
    cookies.push(attacker.session);
    // Not brought along the next time: nothing is replaced.
    attacker.cookies.clear();
  }
  assert.equal(new Set(cookies).size, 10);
  const statusOf = async (cookie: string) =>
    (await app.inject({ url: '/protected', headers: { cookie } })).statusCode;
  const statuses = await Promise.all(cookies.map(statusOf));
  assert.deepEqual(statuses, [...Array(5).fill(401), ...Array(5).fill(200)]);
  assert.equal((await other.app({ url: '/protected' })).body, 'sara');
  const ended = events.filter(({ type }) => type === 'ended');
  assert.deepEqual(
    ended.map(({ reason, username }) => `${reason} ${username}`),
    Array(5).fill('replaced abdullah'),
  );
});

test('session flood: logins at the same moment are bounded too', async (t) => {
  const { app } = await buildSessionApp(t, { session: { maxCachedSessions: 0 } });
  const browser = openBrowser(app);
  await browser.signIn();
  browser.cookies.clear();
  const callbacks: { url: string; cookie: string }[] = [];
  for (let i = 0; i < 8; i++) {
    const begun = await browser.app({ url: '/auth/login' });
    const back = new URL(await browser.signInAt(String(begun.headers.location)));
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    callbacks.push({ url: back.pathname + back.search, cookie });
    browser.cookies.clear();
  }
  const answers = await Promise.all(
    callbacks.map(({ url, cookie }) => app.inject({ url, headers: { cookie } })),
  );
  const cookies = answers.flatMap(({ headers }) =>
    [headers['set-cookie'] ?? []]
      .flat()
      .filter((line) => line.startsWith('session'))
      .map((line) => line.split(';')[0]),
  );
  const alive = await Promise.all(
    cookies.map(async (cookie) => (await app.inject({ url: '/protected', headers: { cookie } })).statusCode),
  );
  assert.equal(alive.filter((status) => status === 200).length, 5);
});
