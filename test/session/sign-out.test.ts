import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { createMemoryRevocationStore, type Revocation } from '../../packages/guard/src/core/index.ts';
import {
  createMemorySessionStore,
  type SessionEvent,
  type SessionStore,
} from '../../packages/guard/src/session/index.ts';
import { startIdp, startTestIdp } from '../support/dev-idp.ts';
import { eventually } from '../support/eventually.ts';
import { type Browser, ORIGIN, openBrowser } from './browser.ts';
import { buildSessionApp as buildApp, type TestIdp } from './session-app.ts';

/** A store that can be away; whoever asks it then is told so. */
function breakableStore() {
  const store = createMemorySessionStore();
  const state = { isAway: false };
  const guarded = Object.fromEntries(
    Object.entries(store).map(([name, method]) => [
      name,
      async (...args: never[]) => {
        if (state.isAway) throw new Error('connect ECONNREFUSED');
        return (method as (...args: never[]) => unknown)(...args);
      },
    ]),
  ) as unknown as SessionStore;
  return { store: guarded, state };
}

let idp: TestIdp;

/** An app at the provider of all tests, where nobody has a session yet. */
async function buildSessionApp(t: TestContext, given: Parameters<typeof buildApp>[1] = {}) {
  if (given.idp === undefined) for (const name of ['abdullah', 'sara']) await idp.logoutUser(name);
  return buildApp(t, { idp, ...given });
}

async function setUp(t: TestContext, maxCachedSessions = 10_000) {
  const { store, state } = breakableStore();
  const events: Pick<SessionEvent, 'type' | 'reason' | 'username'>[] = [];
  const session = {
    ...{ store, maxCachedSessions },
    onEvent: ({ type, reason, username }: SessionEvent) => void events.push({ type, reason, username }),
  };
  const { app, idp } = await buildSessionApp(t, { session });
  const browser = openBrowser(app);
  await browser.signIn();
  const cookie = browser.session;
  const signOut = () =>
    browser.app({ method: 'POST', url: '/auth/logout', headers: { 'sec-fetch-site': 'same-origin' } });
  const callWith = (value: string) => app.inject({ url: '/protected', headers: { cookie: value } });
  return { app, idp, browser, cookie, store, state, events, signOut, callWith };
}

describe('a sign-out', () => {
  before(async () => {
    idp = await startTestIdp();
  });
  after(() => idp.close());

  test('a sign-out while the store is away takes the cookie, and sends the browser to Keycloak with the ID token', async (t) => {
    const { idp, browser, cookie, state, events, signOut, callWith } = await setUp(t);
    // At hand in this process.
    assert.equal((await callWith(cookie)).statusCode, 200);
    state.isAway = true;
    const answer = await signOut();
    assert.equal(answer.statusCode, 303);
    assert.equal(browser.cookies.size, 0);
    const url = new URL(String(answer.headers.location));
    assert.equal(`${url.origin}${url.pathname}`, `${idp.issuer}/protocol/openid-connect/logout`);
    assert.equal(url.searchParams.get('post_logout_redirect_uri'), `${ORIGIN}/`);
    assert.ok(url.searchParams.get('id_token_hint'));
    assert.deepEqual(events.at(-1), { type: 'ended', reason: 'logout', username: 'abdullah' });
    // Whether the browser goes there or not.
    assert.deepEqual(idp.sessionsOf('abdullah'), []);
  });

  test('a sign-out that the store hears of leaves the session at Keycloak to the browser: it is asked once, not twice', async (t) => {
    const { idp, browser, cookie, signOut, callWith } = await setUp(t);
    const answer = await signOut();
    assert.equal(answer.statusCode, 303);
    assert.equal(browser.cookies.size, 0);
    assert.equal((await callWith(cookie)).statusCode, 401);
    assert.equal(idp.sessionsOf('abdullah').length, 1);
    const url = new URL(String(answer.headers.location));
    assert.ok(url.searchParams.get('id_token_hint'));
    assert.equal((await fetch(url, { redirect: 'manual' })).status, 302);
    assert.deepEqual(idp.sessionsOf('abdullah'), []);
  });

  test('a sign-out of a session that is not at hand goes to Keycloak without a hint: it asks there', async (t) => {
    const { idp, browser, state, signOut } = await setUp(t, 0);
    state.isAway = true;
    const answer = await signOut();
    assert.equal(answer.statusCode, 303);
    assert.equal(browser.cookies.size, 0);
    const url = new URL(String(answer.headers.location));
    assert.equal(`${url.origin}${url.pathname}`, `${idp.issuer}/protocol/openid-connect/logout`);
    assert.equal(url.searchParams.get('client_id'), 'fastapi-keycloak');
    assert.equal(url.searchParams.get('post_logout_redirect_uri'), `${ORIGIN}/`);
    assert.equal(url.searchParams.get('id_token_hint'), null);
  });

  for (const isAtHand of [true, false]) {
    test(`a cookie that was signed out while the store was away stays out (${isAtHand ? 'at hand' : 'not at hand'})`, async (t) => {
      const { cookie, state, signOut, callWith } = await setUp(t, isAtHand ? 10_000 : 0);
      assert.equal((await callWith(cookie)).statusCode, 200);
      state.isAway = true;
      await signOut();
      const during = await callWith(cookie);
      assert.equal(during.statusCode, 401);
      state.isAway = false;
      assert.equal((await callWith(cookie)).statusCode, 401);
    });
  }

  test('the store is told of an end as soon as it is back, so that other processes know it too', async (t) => {
    const { store, state } = breakableStore();
    const shared = { session: { store, maxCachedSessions: 0 } };
    const { app, idp } = await buildSessionApp(t, shared);
    const { app: other } = await buildSessionApp(t, { ...shared, idp });
    const browser = openBrowser(app);
    await browser.signIn();
    const request = { url: '/protected', headers: { cookie: browser.session } };
    assert.equal((await other.inject(request)).statusCode, 200);
    state.isAway = true;
    await browser.app({ method: 'POST', url: '/auth/logout', headers: { 'sec-fetch-site': 'same-origin' } });
    state.isAway = false;
    await eventually('the other process knows', async () => (await other.inject(request)).statusCode === 401);
  });

  test('a session that Keycloak ended is over, though the store cannot be told', async (t) => {
    const { store, state } = breakableStore();
    const { app, idp } = await buildSessionApp(t, { session: { store } });
    const browser = openBrowser(app);
    await browser.signIn();
    assert.equal((await browser.app({ url: '/protected' })).statusCode, 200);
    const [sid] = idp.sessionsOf('abdullah');
    assert.ok(sid);
    await app.verifier.members[0]?.revoke({ type: 'session', issuer: idp.issuer, sessionId: sid });
    state.isAway = true;
    const answer = await browser.app({ url: '/protected' });
    assert.equal(answer.statusCode, 401);
    assert.equal(browser.cookies.size, 0);
  });

  test('a sign-out of a session that is over already ends the one at Keycloak too', async (t) => {
    const { app, idp } = await buildSessionApp(t, { session: { store: createMemorySessionStore() } });
    const store = createMemorySessionStore();
    const { app: restarted } = await buildSessionApp(t, { idp, session: { store } });
    const browser = openBrowser(app);
    await browser.signIn();
    const answer = await restarted.inject({
      ...{ method: 'POST', url: '/auth/logout' },
      headers: { cookie: browser.session, 'sec-fetch-site': 'same-origin' },
    });
    assert.equal(answer.statusCode, 303);
    assert.match(String(answer.headers.location), /\/protocol\/openid-connect\/logout\?/);
    assert.match(String(answer.headers['set-cookie']), /Max-Age=0/);
  });

  test('a sign-out ends the session though another cookie of that name came along, whichever comes first', async (t) => {
    const { app, browser, cookie } = await setUp(t);
    await browser.app({ url: '/protected' });
    const cookies = [cookie];
    browser.cookies.clear();
    await browser.signIn();
    cookies.push(browser.session);
    for (const [i, own] of cookies.entries()) {
      const planted = `${own.split('=')[0]}=planted`;
      const answer = await app.inject({
        ...{ method: 'POST', url: '/auth/logout' },
        headers: {
          cookie: (i === 0 ? [planted, own] : [own, planted]).join('; '),
          'sec-fetch-site': 'same-origin',
        },
      });
      assert.equal(answer.statusCode, 303);
      assert.ok(new URL(String(answer.headers.location)).searchParams.get('id_token_hint'));
      assert.match(String(answer.headers['set-cookie']), /Max-Age=0/);
      assert.equal((await app.inject({ url: '/protected', headers: { cookie: own } })).statusCode, 401);
    }
  });

  test('a session counts though another cookie of that name came along, which no login could take away; two sessions are nobody', async (t) => {
    const { app, browser, cookie } = await setUp(t);
    const [name] = cookie.split('=');
    const open = (...cookies: string[]) =>
      app.inject({ url: '/protected', headers: { cookie: cookies.join('; ') } });
    for (const planted of [`${name}=planted`, `${name}=`, `${name}=%zz`, cookie]) {
      assert.equal((await open(planted, cookie)).statusCode, 200, planted);
      assert.equal((await open(cookie, planted)).statusCode, 200, planted);
    }
    browser.cookies.clear();
    await browser.signIn();
    assert.equal((await open(browser.session, cookie)).statusCode, 401);
  });

  test('a sign-out with two cookies of two sessions ends both, and Keycloak asks whom to sign out there', async (t) => {
    const { app, browser, cookie } = await setUp(t);
    browser.cookies.clear();
    await browser.signIn();
    const both = [cookie, browser.session];
    const answer = await app.inject({
      ...{ method: 'POST', url: '/auth/logout' },
      headers: { cookie: both.join('; '), 'sec-fetch-site': 'same-origin' },
    });
    const url = new URL(String(answer.headers.location));
    assert.equal(url.searchParams.get('id_token_hint'), null);
    assert.equal(url.searchParams.get('client_id'), 'fastapi-keycloak');
    for (const own of both) {
      assert.equal((await app.inject({ url: '/protected', headers: { cookie: own } })).statusCode, 401);
    }
  });

  test('an app that closes tells the store of an end that it could not be told before', async (t) => {
    const { app, browser, cookie, store, state, signOut, idp } = await setUp(t, 0);
    const { app: other } = await buildSessionApp(t, { idp, session: { store, maxCachedSessions: 0 } });
    assert.equal((await other.inject({ url: '/protected', headers: { cookie } })).statusCode, 200);
    state.isAway = true;
    await signOut();
    assert.equal(browser.cookies.size, 0);
    state.isAway = false;
    await app.close();
    assert.equal((await other.inject({ url: '/protected', headers: { cookie } })).statusCode, 401);
  });

  const signOutOf = (browser: Browser, scope: string) =>
    browser.app({
      ...{ method: 'POST', url: `/auth/logout?scope=${scope}` },
      headers: { 'sec-fetch-site': 'same-origin' },
    });

  test('a sign-out of this application alone leaves Keycloak alone, and its own token is refused', async (t) => {
    let accessToken = '';
    const { app, idp } = await buildSessionApp(t, {
      client: (client) => ({
        async finishAuthorization(...args) {
          const tokens = await client.finishAuthorization(...args);
          accessToken = tokens.accessToken;
          return tokens;
        },
      }),
    });
    const browser = openBrowser(app);
    await browser.signIn();
    const [cookie, sessions] = [browser.session, idp.sessionsOf('abdullah')];
    const withToken = { url: '/protected', headers: { authorization: `Bearer ${accessToken}` } };
    assert.equal((await app.inject(withToken)).statusCode, 200);
    const answer = await signOutOf(browser, 'app');
    assert.deepEqual([answer.statusCode, answer.headers.location], [303, `${ORIGIN}/`]);
    assert.equal(browser.cookies.size, 0);
    for (const headers of [{ cookie }, withToken.headers])
      assert.equal((await app.inject({ url: '/protected', headers })).statusCode, 401);
    assert.deepEqual([sessions.length, idp.sessionsOf('abdullah')], [1, sessions]);
    await browser.signIn();
    assert.equal((await browser.app({ url: '/protected' })).statusCode, 200);
  });

  test('a sign-out everywhere ends the sessions on other devices, and those of nobody else', async (t) => {
    const { app, idp, browser } = await setUp(t);
    for (const name of ['abdullah', 'abdullah', 'sara']) await openBrowser(app).signIn(name);
    assert.equal(idp.sessionsOf('abdullah').length, 3);
    const answer = await signOutOf(browser, 'everywhere');
    assert.equal(answer.statusCode, 303);
    assert.match(String(answer.headers.location), /\/protocol\/openid-connect\/logout\?/);
    // That of this browser ends when it comes to Keycloak.
    assert.equal(idp.sessionsOf('abdullah').length, 1);
    await fetch(String(answer.headers.location), { redirect: 'manual' });
    assert.deepEqual([idp.sessionsOf('abdullah').length, idp.sessionsOf('sara').length], [0, 1]);
  });

  test('a sign-out everywhere that Keycloak refuses says so: in this browser it is over all the same, at Keycloak too', async (t) => {
    const { app, idp } = await buildSessionApp(t, { idp: await startIdp(t) });
    // Without `manage-account`, which is one of the default roles.
    idp.updateUser('abdullah', { realmRoles: [] });
    const browser = openBrowser(app);
    for (const one of [openBrowser(app), openBrowser(app), browser]) await one.signIn();
    const { session } = browser;
    const answer = await signOutOf(browser, 'everywhere');
    const detail = 'You are signed out here, but not everywhere';
    assert.deepEqual([answer.statusCode, answer.json()], [503, { detail }]);
    assert.equal(browser.cookies.size, 0);
    assert.equal((await app.inject({ url: '/protected', headers: { cookie: session } })).statusCode, 401);
    assert.equal(idp.sessionsOf('abdullah').length, 2);
  });

  test('a sign-out everywhere of a session that is over already says that others go on', async (t) => {
    const { app, idp, browser, signOut } = await setUp(t);
    await openBrowser(app).signIn();
    const [name = '', value = ''] = browser.session.split('=');
    assert.equal((await signOut()).statusCode, 303);
    browser.cookies.set(name, value);
    const answer = await signOutOf(browser, 'everywhere');
    const detail = 'You are signed out here, but not everywhere';
    assert.deepEqual([answer.statusCode, answer.json()], [503, { detail }]);
    assert.equal(browser.cookies.size, 0);
    // The browser did not go there, so the one that is over here is not over at Keycloak.
    assert.equal(idp.sessionsOf('abdullah').length, 2);
  });

  test('the log says of a sign-out everywhere that failed what is known: a role only where Keycloak refused', async (t) => {
    const lines: string[] = [];
    t.mock.method(process.stderr, 'write', (line: string) => lines.push(line) > 0);
    const refuse = () => Promise.reject(new Error('connect ECONNREFUSED'));
    const idp = await startIdp(t);
    for (const [why, more, account] of [
      ['the user needs the role manage-account of the client account', {}, ['view-profile']],
      ["Keycloak's account API does not take the access token", {}, []],
      ['connect ECONNREFUSED', { client: () => ({ endOtherSessions: refuse }) }, []],
    ] as const) {
      const { app } = await buildSessionApp(t, { ...more, idp });
      idp.updateUser('abdullah', { realmRoles: [], clientRoles: { account: [...account] } });
      const browser = openBrowser(app);
      await browser.signIn();
      assert.equal((await signOutOf(browser, 'everywhere')).statusCode, 503);
      const [line = '', ...others] = lines.splice(0).filter((one) => one.includes('on other devices'));
      assert.deepEqual([line.includes(`could not be ended: ${why}`), others], [true, []], line);
      assert.doesNotMatch(line, /\(unknown\)/);
    }
  });

  /** The page that a person sees whose sign-out everywhere failed in part; in this browser it is over. */
  async function failToSignOut(browser: Browser): Promise<string> {
    const answer = await browser.app({
      ...{ method: 'POST', url: '/auth/logout?scope=everywhere' },
      headers: { 'sec-fetch-site': 'same-origin', accept: 'text/html' },
    });
    assert.equal(answer.statusCode, 503);
    assert.equal(browser.cookies.size, 0);
    return answer.body;
  }

  test('where Keycloak cannot be told either, the page says that this browser may be signed in there, and leads there', async (t) => {
    const refuse = () => Promise.reject(new Error('503'));
    const { app, idp } = await buildSessionApp(t, {
      client: () => ({ endOtherSessions: refuse, logout: refuse }),
    });
    const browser = openBrowser(app);
    await browser.signIn();
    const page = await failToSignOut(browser);
    assert.match(page, /This browser may still be signed in at the identity provider/);
    const [, link = ''] = /<a href="([^"]*)">Sign out there/.exec(page) ?? [];
    assert.equal(idp.sessionsOf('abdullah').length, 1);
    await fetch(link.replaceAll('&#38;', '&'), { redirect: 'manual' });
    assert.deepEqual(idp.sessionsOf('abdullah'), []);
  });

  test('where Keycloak cannot be reached at all, the page does not lead to the login as if people signed out there', async (t) => {
    const refuse = () => Promise.reject(new Error('connect ECONNREFUSED'));
    const { app } = await buildSessionApp(t, {
      client: () => ({ endOtherSessions: refuse, logout: refuse, endSessionUrl: refuse }),
    });
    const browser = openBrowser(app);
    await browser.signIn();
    const page = await failToSignOut(browser);
    assert.match(page, /Other devices may still be signed in\. Sign in again, and try it once more/);
    assert.match(page, /<a href="[^"]*\/auth\/login"/);
    assert.doesNotMatch(page, /Sign out there/);
  });

  test('a sign-out in a process that could not reach Keycloak yet ends the tokens of the session for all', async (t) => {
    const store = createMemorySessionStore();
    const { app, idp } = await buildSessionApp(t, { session: { store } });
    const browser = openBrowser(app);
    await browser.signIn();
    const revocationStore = createMemoryRevocationStore();
    const shared: Revocation['type'][] = [];
    revocationStore.subscribe(({ type }) => void shared.push(type));
    const away = async () => Promise.reject(new Error('no network'));
    const late = await buildSessionApp(t, {
      ...{ idp, session: { store } },
      keycloak: { revocationStore, fetch: away, onNotice: false },
    });
    const headers = { 'sec-fetch-site': 'same-origin', cookie: browser.session };
    const answer = await late.app.inject({ method: 'POST', url: '/auth/logout', headers });
    assert.equal(answer.statusCode, 303);
    assert.deepEqual(shared, ['session']);
  });
});
