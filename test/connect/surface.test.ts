import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser } from './browser.ts';
import {
  bearer,
  CLIENT,
  constructorOf,
  type Make,
  SECRET,
  sharedIdp,
  startApp,
  tokenOf,
} from './connect-app.ts';

const MAKES = ['original', 'drop-in'] as const;

function quiet(make: Make): { onNotice?: false } {
  return make === 'original' ? {} : { onNotice: false };
}

for (const make of MAKES) {
  test(`what an application puts in place of accessDenied and redirectToLogin decides: ${make}`, async (t) => {
    const { url, keycloak, idp } = await startApp(t, {
      ...{ make, options: quiet(make) },
      routes: (app, kc) => {
        app.get('/api/x', kc.protect(), (_request, response) => void response.send('in'));
        app.get('/page', kc.protect(), (_request, response) => void response.send('in'));
        app.get('/owner', kc.protect('realm:owner'), (_request, response) => void response.send('in'));
      },
    });
    keycloak.redirectToLogin = (request) => !String((request as { url?: string }).url).startsWith('/api');
    keycloak.accessDenied = (_request, response) => {
      (response as unknown as import('express').Response).status(418).send('mine');
    };
    const visit = async (path: string, more = {}) =>
      (await fetch(`${url}${path}`, { redirect: 'manual', ...more })).status;
    assert.deepEqual([await visit('/api/x'), await visit('/page')], [418, 302]);
    assert.equal(await visit('/owner', bearer(await tokenOf(idp))), 418);
  });

  test(`a validateGrant of the application’s own is asked, and may refuse: ${make}`, async (t) => {
    const { url, keycloak, idp } = await startApp(t, {
      ...{ make, bearerOnly: true, options: quiet(make) },
      routes: (app, kc) => app.get('/', kc.protect(), (_request, response) => void response.send('in')),
    });
    const manager = keycloak.grantManager;
    const before = manager.validateGrant;
    let isOpen = true;
    manager.validateGrant = (grant) =>
      isOpen ? before.call(manager, grant) : Promise.reject(new Error('not today'));
    const ask = async () => (await fetch(url, bearer(await tokenOf(idp)))).status;
    assert.equal(await ask(), 200);
    isOpen = false;
    assert.equal(await ask(), make === 'original' ? 403 : 401);
  });

  test(`unstoreGrant takes the tokens out of the session that has the id: ${make}`, async (t) => {
    const { url, keycloak, store } = await startApp(t, {
      ...{ make, options: quiet(make) },
      routes: (app, kc) => app.get('/page', kc.protect(), (_request, response) => void response.send('in')),
    });
    const browser = openBrowser();
    await browser.signIn(`${url}/page`);
    assert.equal((await browser.visit(`${url}/page`)).status, 200);
    for (const id of Object.keys((store as never as { sessions: object }).sessions))
      keycloak.unstoreGrant(id);
    assert.equal((await browser.visit(`${url}/page`)).status, 302);
  });

  test(`a function of protect asks the token for a permission by its name: ${make}`, async (t) => {
    const idp = await sharedIdp();
    const { url } = await startApp(t, {
      ...{ make, idp, bearerOnly: true, options: quiet(make) },
      routes: (app, kc) =>
        app.get(
          '/',
          kc.protect((token) => token.hasPermission('album', 'view')),
          (_request, response) => void response.send('in'),
        ),
    });
    const permissions = [{ rsid: '1', rsname: 'album', scopes: ['view'] }];
    const ask = async (claims: Record<string, unknown>) => {
      const token = await idp.issueToken({ username: 'abdullah', clientId: CLIENT, claims });
      return (await fetch(url, bearer(token))).status;
    };
    assert.equal(await ask({ authorization: { permissions } }), 200);
    assert.equal(
      await ask({ authorization: { permissions: [{ ...permissions[0], rsname: 'other' }] } }),
      403,
    );
    assert.equal(await ask({}), 403);
  });
}

test('the addresses of login, logout and account are those of keycloak-connect', () => {
  const addressesOf = (make: Make) => {
    const keycloak = new (constructorOf(make))(
      { ...quiet(make), scope: 'openid offline_access', idpHint: 'google' },
      {
        ...{ realm: 'testing', 'auth-server-url': 'http://localhost:8080', resource: CLIENT },
        credentials: { secret: SECRET },
      },
    );
    const back = 'http://localhost:3000/page?auth_callback=1';
    const parts = (url: string) => [url.split('?')[0], [...new URL(url).searchParams].sort()];
    return [
      parts(keycloak.loginUrl('a-state', back)),
      parts(keycloak.logoutUrl('http://localhost:3000/', 'an-id-token')),
      keycloak.accountUrl(),
    ];
  };
  assert.deepEqual(addressesOf('drop-in'), addressesOf('original'));
});
