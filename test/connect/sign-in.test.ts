import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser } from './browser.ts';
import { bearer, startApp, startIdp, tokenOf } from './connect-app.ts';

for (const express of [4, 5] as const) {
  test(`with Express ${express}, who is not signed in logs in and comes back to the page`, async (t) => {
    const { url, keycloak } = await startApp(t, {
      express,
      routes(app, keycloak) {
        app.get('/page', keycloak.protect('realm:user'), (request, response) => {
          response.json({
            who: (request as never as { kauth: { grant: { access_token: { content: object } } } }).kauth.grant
              .access_token.content,
          });
        });
        app.get(
          '/admin',
          keycloak.protect('realm:admin'),
          (_request, response) => void response.send('admin'),
        );
      },
    });
    const told: string[] = [];
    keycloak.authenticated = () => told.push('in') as never;
    keycloak.deauthenticated = () => told.push('out') as never;
    const browser = openBrowser();
    const query = '?a=1&code=mine&State=open&q=%2B%26%C3%A9&b';
    const back = await browser.signIn(`${url}/page${query}`);
    assert.equal(back.status, 302);
    assert.equal(back.headers.get('location'), `/page${query}`);
    const page = await browser.visit(`${url}/page${query}`);
    assert.equal(page.status, 200);
    assert.equal(
      ((await page.json()) as { who: { preferred_username: string } }).who.preferred_username,
      'abdullah',
    );
    assert.equal((await browser.visit(`${url}/admin`)).status, 403);
    const out = await browser.visit(`${url}/logout`);
    const location = new URL(out.headers.get('location') ?? '');
    assert.equal(location.searchParams.get('post_logout_redirect_uri'), `${url}/`);
    assert.notEqual(location.searchParams.get('id_token_hint'), null);
    assert.equal((await browser.visit(`${url}/page`)).status, 302);
    assert.deepEqual(told, ['in', 'out']);
  });

  test(`with Express ${express}, a bearer token is judged, and refused with a challenge`, async (t) => {
    const { url, idp } = await startApp(t, {
      express,
      bearerOnly: true,
      routes(app, keycloak) {
        app.get('/user', keycloak.protect('realm:user'), (_request, response) => void response.send('user'));
        app.get(
          '/admin',
          keycloak.protect('realm:admin'),
          (_request, response) => void response.send('admin'),
        );
        app.get('/reader', keycloak.protect('reader'), (_request, response) => void response.send('reader'));
        app.get(
          '/function',
          keycloak.protect((token) => token.content.preferred_username === 'sara'),
          (_request, response) => void response.send('function'),
        );
      },
    });
    const [abdullah, sara] = [await tokenOf(idp), await tokenOf(idp, 'sara')];
    const statusOf = async (path: string, token?: string) =>
      (await fetch(`${url}${path}`, token === undefined ? {} : bearer(token))).status;
    assert.equal(await statusOf('/user', abdullah), 200);
    assert.equal(await statusOf('/admin', abdullah), 403);
    assert.equal(await statusOf('/admin', sara), 200);
    assert.equal(await statusOf('/function', sara), 200);
    assert.equal(await statusOf('/function', abdullah), 403);
    const bad = await fetch(`${url}/user`, bearer(`${abdullah.slice(0, -8)}AAAAAAAA`));
    assert.equal(bad.status, 401);
    assert.match(bad.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"/);
    assert.equal(await bad.text(), 'Access denied');
    const none = await fetch(`${url}/user`);
    assert.deepEqual([none.status, none.headers.get('www-authenticate')], [401, 'Bearer']);
  });
}

test('a program that sends a bad token is refused, and not sent to the login page', async (t) => {
  const { url } = await startApp(t, {
    routes: (app, keycloak) =>
      app.get('/page', keycloak.protect(), (_request, response) => void response.send('in')),
  });
  assert.equal((await fetch(`${url}/page`, { ...bearer('a.b.c'), redirect: 'manual' })).status, 401);
  assert.equal((await fetch(`${url}/page`, { redirect: 'manual' })).status, 302);
});

test('checkSso signs in who is signed in at Keycloak, and lets in who is not', async (t) => {
  const { url } = await startApp(t, {
    routes(app, keycloak) {
      app.get('/open', keycloak.checkSso(), (request, response) => {
        response.send((request as never as { kauth: { grant?: object } }).kauth.grant ? 'known' : 'unknown');
      });
      app.get('/page', keycloak.protect(), (_request, response) => void response.send('in'));
    },
  });
  const browser = openBrowser();
  const asked = await browser.visit(`${url}/open?x=1`);
  const login = new URL(asked.headers.get('location') ?? '');
  assert.equal(login.searchParams.get('prompt'), 'none');
  const answered = await browser.visit(login.href);
  const back = await browser.visit(answered.headers.get('location') ?? '');
  assert.equal(back.headers.get('location'), '/open?x=1');
  assert.equal(await (await browser.visit(`${url}/open?x=1`)).text(), 'unknown');
  // Once: the next page asks again.
  assert.equal((await browser.visit(`${url}/open?x=1`)).status, 302);
  await browser.signIn(`${url}/page`);
  assert.equal(await (await browser.visit(`${url}/open`)).text(), 'known');
});

test('a login that another tab began at the same moment is begun once more, and nothing is signed in by it', async (t) => {
  const { url, idp } = await startApp(t, {
    routes: (app, keycloak) => app.use(keycloak.protect(), (_request, response) => void response.send('in')),
  });
  const [one, other] = [openBrowser(), openBrowser()];
  const stranger = await other.visit(`${url}/tab`);
  const address = await other.signInAt(stranger.headers.get('location') ?? '');
  await one.visit(`${url}/tab`);
  idp.resetRequests();
  const answer = await one.visit(address);
  assert.equal(idp.requests.token, 0);
  assert.deepEqual([answer.status, answer.headers.get('location')], [302, '/tab']);
  assert.equal((await one.visit(`${url}/tab`)).status, 302);
});

test('an ID token that is no answer to this login signs nobody in', async (t) => {
  const { url } = await startApp(t, {
    routes: (app, keycloak) => app.use(keycloak.protect(), (_request, response) => void response.send('in')),
  });
  const browser = openBrowser();
  const begun = new URL((await browser.visit(`${url}/page`)).headers.get('location') ?? '');
  begun.searchParams.set('nonce', 'of-another-login');
  assert.equal((await browser.visit(await browser.signInAt(begun.href))).status, 403);
  assert.equal((await browser.visit(`${url}/page`)).status, 302);
});

test('while Keycloak is down who is signed in gets 503 and stays signed in', async (t) => {
  const idp = await startIdp(t);
  const { url } = await startApp(t, {
    idp,
    options: { onNotice: false },
    routes: (app, keycloak) => {
      app.get('/public', (_request, response) => void response.send('public'));
      app.use(keycloak.protect(), (_request, response) => void response.send('in'));
    },
  });
  idp.updateRealm({ accessTokenLifespan: 1 });
  const browser = openBrowser();
  await browser.signIn(`${url}/page`);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await idp.goDown();
  assert.equal((await browser.visit(`${url}/page`)).status, 503);
  assert.equal((await browser.visit(`${url}/public`)).status, 200);
  await idp.comeBack();
  assert.equal(await (await browser.visit(`${url}/page`)).text(), 'in');
});
