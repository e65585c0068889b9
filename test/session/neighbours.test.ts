import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startIdp } from '../support/dev-idp.ts';
import { ORIGIN, openBrowser } from './browser.ts';
import { buildSessionApp } from './session-app.ts';

const NEIGHBOUR = 'http://localhost:9000';
const SAME = { 'sec-fetch-site': 'same-origin' };

test('two apps on one host, at two ports, sign people in and out without each other', async (t) => {
  const idp = await startIdp(t);
  idp.updateClient('other-service', { redirectUris: ['http://localhost:9000/*'] });
  const { app } = await buildSessionApp(t, { idp });
  const { app: neighbour } = await buildSessionApp(t, {
    ...{ idp, clientId: 'other-service', clientSecret: 'for-development-only-too' },
    session: { publicUrl: NEIGHBOUR, secret: '0a4826b7f3c1d95e0a4826b7f3c1d95e' },
  });
  const [here, there] = [openBrowser(app), openBrowser(neighbour, NEIGHBOUR)];
  /** A browser keeps cookies by host, not by port. */
  const share = (from: typeof here, to: typeof here) => {
    to.cookies.clear();
    for (const [name, value] of from.cookies) to.cookies.set(name, value);
  };
  assert.equal((await here.signIn()).statusCode, 303);
  share(here, there);
  assert.equal((await there.signIn('sara')).statusCode, 303);
  share(there, here);
  assert.equal((await here.app({ url: '/protected' })).body, 'abdullah');
  assert.equal((await there.app({ url: '/protected' })).body, 'sara');
  const out = await there.app({ method: 'POST', url: '/auth/logout', headers: SAME });
  assert.equal(out.statusCode, 303);
  share(there, here);
  assert.equal((await there.app({ url: '/protected' })).statusCode, 401);
  assert.equal((await here.app({ url: '/protected' })).body, 'abdullah');
});

test('a session cookie of another app under our name is not ours to take away', async (t) => {
  const { app } = await buildSessionApp(t);
  const browser = openBrowser(app);
  await browser.signIn();
  const [name = ''] = browser.session.split('=');
  // What Flask and Starlette put into theirs, and one that was signed with another secret.
  for (const value of [
    'eyJfZnJlc2giOmZhbHNlfQ.Zt5q1A.c2lnbmF0dXJl',
    `${'A'.repeat(43)}.${'B'.repeat(43)}`,
    'x',
    '',
  ]) {
    const headers = { ...SAME, cookie: `${name}=${value}` };
    for (const [method, url] of [
      ['GET', '/protected'],
      ['GET', '/optional'],
      ['GET', '/auth/session'],
      ['POST', '/auth/logout'],
    ] as const) {
      const answer = await app.inject({ method, url, headers });
      assert.equal(answer.headers['set-cookie'], undefined, `${url} ${value}`);
      assert.equal(answer.statusCode, { '/protected': 401, '/auth/logout': 303 }[url as string] ?? 200);
      if (method === 'POST') assert.equal(answer.headers.location, `${ORIGIN}/`);
    }
  }
});
