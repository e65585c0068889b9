import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import session from 'express-session';
import { openBrowser, PASSWORD } from './browser.ts';
import { sharedIdp, startApp, startIdp } from './connect-app.ts';

type Routes = Parameters<typeof startApp>[1]['routes'];
const everything: Routes = (app, keycloak) =>
  app.use(keycloak.protect('realm:user'), (_request, response) => void response.send('in'));

for (const [before, after] of [
  ['original', 'drop-in'],
  ['drop-in', 'original'],
] as const) {
  test(`who signed in with the ${before} is signed in with the ${after}`, async (t) => {
    const idp = await sharedIdp();
    const store = new session.MemoryStore();
    const first = await startApp(t, { idp, store, make: before, routes: everything });
    const browser = openBrowser();
    await browser.signIn(`${first.url}/page`);
    const second = await startApp(t, { idp, store, make: after, routes: everything });
    const cookie = `connect.sid=${browser.cookie(first.url, 'connect.sid')}`;
    const answer = await fetch(`${second.url}/page`, { headers: { cookie }, redirect: 'manual' });
    assert.equal(answer.status, 200);
    const [kept] = Object.values((store as never as { sessions: Record<string, string> }).sessions);
    const { 'keycloak-token': token } = JSON.parse(kept ?? '{}');
    assert.equal(typeof JSON.parse(token).access_token, 'string');
  });
}

test('a session that Keycloak has ended is asked about once, and its tokens are taken out of it', async (t) => {
  const idp = await startIdp(t);
  idp.updateRealm({ accessTokenLifespan: 1 });
  const { url } = await startApp(t, { idp, routes: everything });
  const browser = openBrowser();
  await browser.signIn(`${url}/page`);
  await idp.logoutUser('abdullah');
  await sleep(1_100);
  idp.resetRequests();
  assert.equal((await browser.visit(`${url}/page`)).status, 302);
  assert.equal((await browser.visit(`${url}/page`)).status, 302);
  // None where a check of the token that was under way learned of it first.
  assert.ok(idp.requests.token <= 1, String(idp.requests.token));
});

test('tokens that another process has just renewed are taken from the store', async (t) => {
  const idp = await startIdp(t);
  idp.updateRealm({ revokeRefreshToken: true, refreshTokenMaxReuse: 0, accessTokenLifespan: 1 });
  const [here, there] = [
    await startApp(t, { idp, routes: everything }),
    await startApp(t, { idp, routes: everything }),
  ];
  const old = (await there.keycloak.grantManager.obtainDirectly('abdullah', PASSWORD)).toString();
  idp.updateRealm({ accessTokenLifespan: 300 });
  await sleep(1_100);
  const renewed = (await there.keycloak.grantManager.createGrant(old)).toString();
  const data = { 'keycloak-token': renewed, cookie: { originalMaxAge: null } };
  here.store.set('the-session', data as never);
  const request = { headers: {}, sessionID: 'the-session', session: { 'keycloak-token': old } };
  const grant = await here.keycloak.getGrant(request as never, {} as ServerResponse);
  assert.equal(grant.toString(), renewed);
  assert.equal(request.session['keycloak-token'], renewed);
});

test('a login takes along what the application keeps in the session', async (t) => {
  const { url } = await startApp(t, {
    routes(app, keycloak) {
      app.get('/cart', (request, response) => {
        Object.assign(request.session, { cart: ['a book'] });
        response.send('kept');
      });
      app.get('/page', keycloak.protect(), (request, response) => {
        response.json((request.session as never as { cart: string[] }).cart);
      });
    },
  });
  const browser = openBrowser();
  await browser.visit(`${url}/cart`);
  await browser.signIn(`${url}/page`);
  assert.deepEqual(await (await browser.visit(`${url}/page`)).json(), ['a book']);
});

test('with cookies, people sign in and out without a session of the server', async (t) => {
  const { url } = await startApp(t, { options: { cookies: true }, routes: everything });
  const browser = openBrowser();
  assert.equal((await browser.signIn(`${url}/page`)).status, 302);
  assert.equal((await browser.visit(`${url}/page`)).status, 200);
  assert.match(decodeURIComponent(browser.cookie(url, 'keycloak-token') ?? ''), /^\{"access_token":/);
  await browser.visit(`${url}/logout`);
  assert.equal(browser.cookie(url, 'keycloak-token'), undefined);
  assert.equal((await browser.visit(`${url}/page`)).status, 302);
});

test('after a logout an access token of that session is refused', async (t) => {
  const { url, store } = await startApp(t, { routes: everything });
  const browser = openBrowser();
  await browser.signIn(`${url}/page`);
  const [kept] = Object.values((store as never as { sessions: Record<string, string> }).sessions);
  const { access_token } = JSON.parse(JSON.parse(kept ?? '{}')['keycloak-token']);
  const headers = { authorization: `Bearer ${access_token}` };
  assert.equal((await fetch(`${url}/page`, { headers })).status, 200);
  await browser.visit(`${url}/logout`);
  assert.equal((await fetch(`${url}/page`, { headers })).status, 401);
});
