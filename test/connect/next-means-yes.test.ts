import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Token } from '../../packages/connect/src/index.ts';
import { ALBUM, startAuthorization } from './authorization-stub.ts';
import { bearer, logIn, sharedIdp, startApp, tokenOf } from './connect-app.ts';

const view = { rsname: 'album', rsid: ALBUM, scopes: ['view'] };

// Public applications call guards themselves, from other frameworks and from GraphQL, with a `next` that ignores its argument:
// keycloak-connect calls it only for a caller who may pass.
test('what accessDenied or next throw does not end the process, and accessDenied still sees the caller', async (t) => {
  const told: unknown[] = [];
  t.mock.method(console, 'error', (error: unknown) => told.push((error as Error).message));
  const idp = await sharedIdp();
  const stub = await startAuthorization(t, idp.url, (form) =>
    form.get('permission')?.endsWith('#view') ? { status: 503, body: {} } : { body: [view] },
  );
  const { url } = await startApp(t, {
    ...{ idp, serverUrl: stub.url, bearerOnly: true, options: { onNotice: false } },
    routes: (app, keycloak) => {
      keycloak.accessDenied = (request) => {
        const { grant } = (request as never as { kauth: { grant: { access_token: Token } } }).kauth;
        throw new Error(`denied to ${grant.access_token.content.preferred_username}`);
      };
      const fail = () => {
        throw new Error('in next');
      };
      app.get('/denied', (request, response) => keycloak.enforcer('album:view')(request, response, fail));
      app.get('/next', (request, response) => keycloak.enforcer('album')(request, response, fail));
    },
  });
  const token = await logIn(stub.url);
  assert.equal((await fetch(`${url}/denied`, bearer(token))).status, 500);
  assert.equal((await fetch(`${url}/next`, bearer(token))).status, 500);
  assert.deepEqual(told, ['denied to abdullah', 'in next']);
});

test('what deauthenticated throws is an error of the request, and does not end the process', async (t) => {
  const { url, idp } = await startApp(t, {
    options: { cookies: true },
    routes: (_app, keycloak) => {
      keycloak.deauthenticated = () => {
        throw new Error('in the hook');
      };
    },
  });
  const json = JSON.stringify({ access_token: await tokenOf(idp) });
  const headers = { cookie: `keycloak-token=${encodeURIComponent(json)}` };
  const answer = await fetch(`${url}/logout`, { headers, redirect: 'manual' });
  assert.deepEqual([answer.status, await answer.text()], [500, 'in the hook']);
});

for (const make of ['original', 'drop-in'] as const) {
  test(`${make}: while Keycloak is down, protect does not call next for a token that nobody has checked`, async (t) => {
    const { url } = await startApp(t, {
      ...{ make, idp: await sharedIdp(), serverUrl: 'http://127.0.0.1:9', bearerOnly: true },
      ...(make === 'original' ? {} : { options: { onNotice: false } }),
      routes: (app, keycloak) =>
        app.get('/', (request, response) => {
          keycloak.protect('realm:admin')(request, response, () => response.send('in'));
        }),
    });
    const parts = [{ alg: 'RS256', kid: 'k', typ: 'JWT' }, { typ: 'Bearer', exp: 9e9, iat: 0 }, {}];
    const forged = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const answer = await fetch(url, bearer(forged));
    assert.notEqual(await answer.text(), 'in');
    assert.equal(answer.status, make === 'original' ? 403 : 503);
  });

  test(`${make}: while Keycloak gives no decision, enforcer does not call next`, async (t) => {
    const idp = await sharedIdp();
    const stub = await startAuthorization(t, idp.url, () => ({ status: 503, body: {} }));
    const { url } = await startApp(t, {
      ...{ make, idp, serverUrl: stub.url, bearerOnly: true },
      ...(make === 'original' ? {} : { options: { onNotice: false } }),
      routes: (app, keycloak) => {
        for (const [path, permission] of [
          ['/known', 'album:view'],
          ['/unknown', 'film:view'],
        ] as const) {
          const guard = keycloak.enforcer(permission);
          app.get(path, (request, response) => {
            guard(request, response, () => response.send('in'));
          });
        }
      },
    });
    const token = await logIn(stub.url);
    for (const [path, status] of [
      ['/known', 503],
      ['/unknown', 500],
    ] as const) {
      const answer = await fetch(`${url}${path}`, bearer(token));
      assert.notEqual(await answer.text(), 'in', path);
      assert.equal(answer.status, make === 'original' ? 403 : status, path);
    }
  });
}
