import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openBrowser } from './browser.ts';
import { bearer, startApp, tokenOf } from './connect-app.ts';

// A hook that fails where nobody catches it would end the process; here, node:test would fail the test for it.

/** Lets promises that were rejected be reported. */
const settled = async () => {
  for (let turns = 0; turns < 3; turns++) await setImmediate();
};

for (const [kind, fail] of [
  ['throws', () => assert.fail('in the hook')],
  ['is async and rejects', async () => assert.fail('in the hook')],
] as const) {
  test(`authenticated and deauthenticated: one that ${kind} ends neither login nor process`, async (t) => {
    t.mock.method(console, 'error', () => {});
    const { url, keycloak } = await startApp(t, {
      routes: (app, keycloak) =>
        app.get('/page', keycloak.protect(), (_request, response) => void response.send('in')),
    });
    keycloak.authenticated = fail as never;
    const browser = openBrowser();
    const back = await browser.signIn(`${url}/page`);
    assert.deepEqual([back.status, back.headers.get('location')], [302, '/page']);
    assert.equal((await browser.visit(`${url}/page`)).status, 200);
    keycloak.deauthenticated = fail as never;
    const out = await browser.visit(`${url}/logout`);
    assert.equal(out.status, kind === 'throws' ? 500 : 302);
    await settled();
  });

  test(`accessDenied: one that ${kind} is a 500, wherever it is called`, async (t) => {
    t.mock.method(console, 'error', () => {});
    const { url, idp, keycloak } = await startApp(t, {
      routes(app, keycloak) {
        const done = (_request: unknown, response: { send(text: string): void }) => response.send('in');
        app.get('/role', keycloak.protect('realm:nobody'), done as never);
        app.get('/permission', keycloak.enforcer('album:view'), done as never);
      },
    });
    keycloak.accessDenied = fail as never;
    keycloak.redirectToLogin = () => false;
    const token = await tokenOf(idp);
    for (const [path, options] of [
      ['/role', bearer(token)],
      ['/role', {}],
      ['/permission', {}],
    ] as const)
      assert.equal((await fetch(`${url}${path}`, options)).status, 500, path);
    const browser = openBrowser();
    keycloak.redirectToLogin = () => true;
    const login = new URL((await browser.visit(`${url}/role`)).headers.get('location') ?? '');
    const back = new URL(login.searchParams.get('redirect_uri') ?? '');
    back.searchParams.set('state', login.searchParams.get('state') ?? '');
    back.searchParams.set('code', 'a-code-that-nobody-issued');
    assert.equal((await browser.visit(back.href)).status, 500);
    await settled();
  });
}

test('redirectToLogin: one that is async and rejects does not end the process', async (t) => {
  t.mock.method(console, 'error', () => {});
  const { url, keycloak } = await startApp(t, {
    routes: (app, keycloak) =>
      app.get('/page', keycloak.protect(), (_request, response) => void response.send('in')),
  });
  keycloak.redirectToLogin = (async () => assert.fail('in the hook')) as never;
  assert.equal((await openBrowser().visit(`${url}/page`)).status, 302);
  await settled();
});
