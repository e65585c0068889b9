import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAuthorization } from './authorization-stub.ts';
import { bearer, logIn, startApp, startIdp } from './connect-app.ts';

// Public applications call guards themselves, from other frameworks and from GraphQL, with a `next` that ignores its argument:
// keycloak-connect calls it only for a caller who may pass.
for (const make of ['original', 'drop-in'] as const) {
  test(`${make}: while Keycloak is down, protect does not call next for a token that nobody has checked`, async (t) => {
    const { url } = await startApp(t, {
      ...{ make, idp: await startIdp(t), serverUrl: 'http://127.0.0.1:9', bearerOnly: true },
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
    const idp = await startIdp(t);
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
