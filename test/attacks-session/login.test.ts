import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shareTestApp } from '../server/service.ts';
import { COOKIE, ORIGIN, openBrowser } from '../session/browser.ts';

const SETTINGS = { PUBLIC_URL: ORIGIN, TOKEN_CHECK: 'local' };
const NOT_YOURS = '{"detail":"This sign-in is no longer valid"}';
/** Keycloak itself refused the code. */
const NOT_TAKEN = '{"detail":"Sign-in did not succeed"}';
const pathOf = (url: string): string => new URL(url).pathname + new URL(url).search;

describe('a sign-in', () => {
  const shared = shareTestApp(SETTINGS);

  test('login CSRF: the callback of a login that another browser began signs nobody in', async () => {
    const { app } = shared;
    const [attacker, victim] = [openBrowser(app), openBrowser(app)];
    const begun = await attacker.app({ url: '/auth/login' });
    const back = await attacker.signInAt(begun.headers.location ?? '', 'sara');
    await victim.app({ url: '/auth/login' });
    const answer = await victim.app({ url: pathOf(back) });
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.body, NOT_YOURS);
    assert.equal(victim.cookies.has(COOKIE), false);
  });

  test('code injection: a code of another login, with a state of this browser, is refused', async () => {
    const { app } = shared;
    const [thief, victim] = [openBrowser(app), openBrowser(app)];
    const theirs = await victim.app({ url: '/auth/login' });
    const stolen = new URL(await victim.signInAt(theirs.headers.location ?? '', 'sara'));
    const own = await thief.app({ url: '/auth/login' });
    stolen.searchParams.set('state', new URL(own.headers.location ?? '').searchParams.get('state') ?? '');
    const answer = await thief.app({ url: pathOf(stolen.href) });
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.body, NOT_TAKEN);
    assert.equal(thief.cookies.has(COOKIE), false);
  });

  test('replayed callback: a callback is good once, even with the cookie it came with', async () => {
    const { app } = shared;
    const browser = openBrowser(app);
    const begun = await browser.app({ url: '/auth/login' });
    const back = await browser.signInAt(begun.headers.location ?? '');
    const kept = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    assert.equal((await browser.app({ url: pathOf(back) })).statusCode, 303);
    for (const [headers, body] of [
      [{}, NOT_YOURS],
      [{ cookie: kept, host: 'localhost:8000' }, NOT_TAKEN],
    ] as const) {
      const again = await browser.app({ url: pathOf(back), headers });
      assert.equal(again.statusCode, 400);
      assert.equal(again.body, body);
    }
  });

  test('iss mix-up: a response of another issuer is refused before any call to Keycloak', async () => {
    const { idp, app } = shared;
    for (const iss of ['https://evil.example/realms/testing', `${idp.issuer}/`, null]) {
      const browser = openBrowser(app);
      const begun = await browser.app({ url: '/auth/login' });
      const back = new URL(await browser.signInAt(begun.headers.location ?? ''));
      if (iss === null) back.searchParams.delete('iss');
      else back.searchParams.set('iss', iss);
      idp.resetRequests();
      const answer = await browser.app({ url: pathOf(back.href) });
      assert.equal(answer.statusCode, 400, String(iss));
      assert.equal(answer.body, NOT_YOURS);
      assert.equal(idp.requests.token, 0);
    }
  });

  test('callback with an error: nobody is signed in, and nothing of it is shown or logged', async () => {
    const { idp, app, log } = shared;
    log.clear();
    for (const [error, status] of [
      ['access_denied', 403],
      ['<script>alert(1)</script>', 400],
    ] as const) {
      const browser = openBrowser(app);
      const begun = await browser.app({ url: '/auth/login' });
      const state = new URL(begun.headers.location ?? '').searchParams.get('state') ?? '';
      const query = new URLSearchParams({ state, error, error_description: 'call-0800', iss: idp.issuer });
      const answer = await browser.app({ url: `/auth/callback?${query}`, headers: { accept: 'text/html' } });
      assert.equal(answer.statusCode, status);
      assert.doesNotMatch(answer.body + log.text(), /script>alert|call-0800/);
      assert.equal(browser.cookies.size, 0);
    }
  });

  test('session fixation: an id that was planted is not taken over, and a login changes the id', async () => {
    const { app } = shared;
    const browser = openBrowser(app);
    browser.cookies.set(COOKIE, 'planted.AAAA');
    await browser.signIn();
    const first = browser.cookies.get(COOKIE) ?? '';
    assert.doesNotMatch(first, /planted/);
    await browser.signIn();
    assert.notEqual(browser.cookies.get(COOKIE), first);
    // The earlier one is over.
    const old = await app.inject({ url: '/protected', headers: { cookie: `${COOKIE}=${first}` } });
    assert.equal(old.statusCode, 401);
  });

  for (const evil of [
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https:evil.example',
    'https://evil.example',
    'https://localhost:8000@evil.example/',
    'http://localhost:8000.evil.example/',
    '%2F%2Fevil.example',
    '/%09/evil.example'.replace('%09', '\t'),
    '/\n/evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/x/..//evil.example',
    'javascript:alert(1)',
    'evil.example',
    ' //evil.example',
    `/${'a'.repeat(3000)}`,
  ]) {
    test(`open redirect: ${JSON.stringify(evil.slice(0, 40))} leads home`, async () => {
      const { app } = shared;
      const done = await openBrowser(app).signIn('abdullah', `?${new URLSearchParams({ return_to: evil })}`);
      assert.equal(done.statusCode, 303);
      assert.equal(done.headers.location, `${ORIGIN}/`);
    });
  }

  test('a return address given twice leads home, one of this origin is kept with its query', async () => {
    const { app } = shared;
    const twice = await openBrowser(app).signIn('abdullah', '?return_to=/a&return_to=//evil.example');
    assert.equal(twice.headers.location, `${ORIGIN}/`);
    const kept = await openBrowser(app).signIn('abdullah', '?return_to=%2Fa%3Fb%3D1%23c');
    assert.equal(kept.headers.location, `${ORIGIN}/a?b=1#c`);
  });
});
