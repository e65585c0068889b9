import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCookiesFor } from '../../packages/guard/src/session/cookie/cookies.ts';
import { createSealer } from '../../packages/guard/src/session/cookie/seal.ts';
import { issueTicket, type LoginTicket, readTicket } from '../../packages/guard/src/session/login/ticket.ts';
import { freezeTime } from '../support/freeze-time.ts';
import { openBrowser } from './browser.ts';
import { buildSessionApp } from './session-app.ts';

const cleared = (headers: { 'set-cookie'?: string | string[] | undefined }) =>
  [headers['set-cookie'] ?? []]
    .flat()
    .filter((line) => /; Max-Age=0;/.test(line))
    .map((line) => line.split('=')[0]);

test('of the logins in five tabs four go on: the oldest one alone is dropped', async (t) => {
  freezeTime(t);
  let now = Date.now();
  const { app } = await buildSessionApp(t, { clock: () => now });
  const browser = openBrowser(app);
  const started: { location: string; name: string | undefined }[] = [];
  for (let tab = 0; tab < 5; tab++) {
    const known = new Set(browser.cookies.keys());
    const begun = await browser.app({ url: `/auth/login?return_to=/tab-${tab}` });
    const name = [...browser.cookies.keys()].find((name) => !known.has(name));
    started.push({ location: String(begun.headers.location), name });
    assert.deepEqual(cleared(begun.headers), tab === 4 ? [started[0]?.name] : []);
    now += 1_000;
    // Browsers send older cookies first; nothing depends on it.
    const entries = [...browser.cookies].reverse();
    browser.cookies.clear();
    for (const [name, value] of entries) browser.cookies.set(name, value);
  }
  for (const [tab, { location }] of started.entries()) {
    const back = new URL(await browser.signInAt(location));
    const answer = await browser.app({ url: back.pathname + back.search });
    assert.equal(answer.statusCode, tab === 0 ? 400 : 303, `tab ${tab}`);
    if (tab > 0) assert.equal(new URL(String(answer.headers.location)).pathname, `/tab-${tab}`);
  }
});

test('a login that begins takes no cookie away that is not a login of this app', async (t) => {
  const { app } = await buildSessionApp(t);
  const { app: neighbour } = await buildSessionApp(t, {
    session: { secret: '0a4826b7f3c1d95e0a4826b7f3c1d95e' },
  });
  const browser = openBrowser(neighbour);
  for (let i = 0; i < 4; i++) await browser.app({ url: '/auth/login' });
  const theirs = [...browser.cookies].map(([name, value]) => `${name}=${value}`);
  assert.equal(theirs.length, 4);
  const start = theirs[0]?.slice(0, theirs[0].indexOf('=') - 12) ?? '';
  const strangers = Array.from({ length: 200 }, (_, i) => `${start}${String(i).padStart(12, 'a')}=x`);
  for (const cookies of [theirs, strangers, [...strangers, ...theirs]]) {
    const answer = await app.inject({ url: '/auth/login', headers: { cookie: cookies.join('; ') } });
    assert.equal(answer.statusCode, 303);
    assert.deepEqual(cleared(answer.headers), []);
  }
});

test('logins that somebody else began by links cannot fill the header until every request is refused', async (t) => {
  const { app } = await buildSessionApp(t);
  const browser = openBrowser(app);
  const sizes: number[] = [];
  for (let tab = 0; tab < 8; tab++) {
    const begun = await browser.app({ url: `/auth/login?return_to=/${'x'.repeat(2_000)}` });
    assert.equal(begun.statusCode, 303);
    sizes.push([...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ').length);
  }
  // nginx takes 8 KiB of one header, Node 16 KiB of all.
  assert.ok(Math.max(...sizes) <= 6 * 1024, `the cookies of logins have ${Math.max(...sizes)} bytes`);
  // The last one, at least, goes on.
  const begun = await browser.app({ url: `/auth/login?return_to=/${'x'.repeat(2_000)}` });
  const back = new URL(await browser.signInAt(String(begun.headers.location)));
  const answer = await browser.app({ url: back.pathname + back.search });
  assert.equal(answer.statusCode, 303);
  assert.equal(new URL(String(answer.headers.location)).pathname, `/${'x'.repeat(2_000)}`);
});

test('a login goes on with its own state alone, and not when it took too long', async () => {
  const sealer = createSealer(['a secret for tests, of more than 32 characters']);
  const cookies = createCookiesFor('session')('https://app.example');
  const [state, alike] = ['a', 'b'].map((end) => `first-twelve${end.repeat(31)}`) as [string, string];
  const ticket = { state, expiresAt: 1_000 } as LoginTicket;
  const [set = ''] = await issueTicket(sealer, cookies, undefined, ticket, '/');
  const cookie = set.split(';')[0];
  const stateAt = async (asked: string, now: number) =>
    (await readTicket(sealer, cookies, cookie, asked, now))?.state;
  assert.equal(await stateAt(state, 999), state);
  assert.equal(await stateAt(alike, 999), undefined);
  assert.equal(await stateAt(state, 1_000), undefined);
});

test('a login whose path and organization are too long for a cookie together returns to the start page', async () => {
  const sealer = createSealer(['a secret for tests, of more than 32 characters']);
  const cookies = createCookiesFor('session')('https://app.example');
  const ticket = {
    ...{ state: 's'.repeat(43), nonce: 'n'.repeat(43), codeVerifier: 'v'.repeat(43), isSilent: false },
    ...{ redirectUri: 'https://app.example/auth/callback', expiresAt: 1_000 },
    ...{ returnTo: `/${'x'.repeat(2_000)}`, organization: '組'.repeat(255) },
  } satisfies LoginTicket;
  const [set = ''] = await issueTicket(sealer, cookies, undefined, ticket, '/shop/');
  const read = await readTicket(sealer, cookies, set.split(';')[0], ticket.state, 0);
  assert.deepEqual([read?.returnTo, read?.organization], ['/shop/', ticket.organization]);
});
