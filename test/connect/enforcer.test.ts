import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { EnforcerOptions } from '../../packages/guard/src/connect/index.ts';
import { startAuthorization } from './authorization-stub.ts';
import { bearer, logIn, startApp, startIdp } from './connect-app.ts';

async function start(
  t: TestContext,
  answer: Parameters<typeof startAuthorization>[2],
  options?: EnforcerOptions,
  permissions: string | string[] = 'album:view',
) {
  const idp = await startIdp(t);
  const stub = await startAuthorization(t, idp.url, answer);
  const app = await startApp(t, {
    idp,
    serverUrl: stub.url,
    bearerOnly: true,
    options: { tokenCheck: 'local', onNotice: false },
    routes: (app, keycloak) =>
      app.get('/', keycloak.enforcer(permissions, options), (request, response) => {
        response.json((request as never as { permissions: unknown }).permissions ?? 'in');
      }),
  });
  return { ...app, stub, token: await logIn(stub.url) };
}

test('an enforcer asks Keycloak for what it needs, and hands on what is granted', async (t) => {
  const granted = [{ rsname: 'album', rsid: '1', scopes: ['view'] }];
  const { url, stub, token } = await start(t, () => ({ body: granted }), {
    resource_server_id: 'another-server',
    claims: (request) => ({ path: [request.url] }),
  });
  const answer = await fetch(url, bearer(token));
  assert.deepEqual([answer.status, await answer.json()], [200, granted]);
  const [form] = stub.asked;
  assert.equal(form?.get('permission'), 'album#view');
  assert.equal(form?.get('audience'), 'another-server');
  assert.equal(form?.get('response_mode'), 'permissions');
  assert.equal(form?.get('subject_token'), token);
  assert.deepEqual(JSON.parse(Buffer.from(form?.get('claim_token') ?? '', 'base64').toString()), {
    path: ['/'],
  });
});

test('a permission without scopes does not grant a scope', async (t) => {
  const { url, token } = await start(t, () => ({ body: [{ rsname: 'album' }] }));
  assert.equal((await fetch(url, bearer(token))).status, 403);
});

test('what Keycloak refuses is refused, and Keycloak that does not answer is 503', async (t) => {
  let status = 403;
  const { url, token } = await start(t, () => ({ status, body: { error: 'access_denied' } }));
  assert.equal((await fetch(url, bearer(token))).status, 403);
  status = 503;
  assert.equal((await fetch(url, bearer(token))).status, 503);
});

test('nobody asks Keycloak for who has no token', async (t) => {
  const { url, stub } = await start(t, () => ({ body: [{ rsname: 'album', scopes: ['view'] }] }));
  assert.equal((await fetch(url)).status, 401);
  assert.equal(stub.asked.length, 0);
});

test('with response_mode token, the permissions are those of a token that Keycloak signed', async (t) => {
  const idp = await startIdp(t);
  const permissions = [{ rsname: 'album', scopes: ['view'] }];
  const signed = async (host: string) => {
    const { iss } = JSON.parse(Buffer.from((await logIn(host)).split('.')[1] ?? '', 'base64url').toString());
    return idp.issueToken({ username: 'abdullah', claims: { iss, authorization: { permissions } } });
  };
  let token = '';
  const stub = await startAuthorization(t, idp.url, () => ({ body: { access_token: token } }));
  token = await signed(stub.url);
  const { url } = await startApp(t, {
    idp,
    serverUrl: stub.url,
    bearerOnly: true,
    options: { tokenCheck: 'local' },
    routes: (app, keycloak) => {
      const say = (request: object, response: { json(body: unknown): unknown }) => {
        response.json(
          (request as { kauth: { grant: { access_token: { content: object } } } }).kauth.grant.access_token
            .content,
        );
      };
      app.get('/view', keycloak.enforcer('album:view', { response_mode: 'token' }), say);
      app.get('/delete', keycloak.enforcer('album:delete', { response_mode: 'token' }), say);
    },
  });
  const own = bearer(await logIn(stub.url));
  const answer = await fetch(`${url}/view`, own);
  assert.equal(answer.status, 200);
  assert.deepEqual(((await answer.json()) as { authorization: object }).authorization, { permissions });
  assert.equal((await fetch(`${url}/delete`, own)).status, 403);
  assert.equal((await fetch(`${url}/view`, bearer(token))).status, 200);
  assert.equal(stub.asked.length, 2);
});
