import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type EnforcerOptions, Keycloak, type KeycloakConfig } from '../../packages/connect/src/index.ts';
import type { Notice } from '../../packages/guard/src/core/index.ts';
import { ALBUM, PHOTO, startAuthorization } from './authorization-stub.ts';
import { bearer, logIn, sharedIdp, startApp } from './connect-app.ts';

interface Given {
  readonly options?: EnforcerOptions;
  readonly permissions?: string | string[];
  readonly config?: KeycloakConfig;
}

async function start(
  t: TestContext,
  answer: Parameters<typeof startAuthorization>[2],
  { options, permissions = 'album:view', config = {} }: Given = {},
) {
  const idp = await sharedIdp();
  const stub = await startAuthorization(t, idp.url, answer);
  const notices: Notice[] = [];
  const app = await startApp(t, {
    ...{ idp, serverUrl: stub.url, bearerOnly: true, config },
    options: { tokenCheck: 'local', onNotice: (notice) => notices.push(notice) },
    routes: (app, keycloak) =>
      app.get('/', keycloak.enforcer(permissions, options), (request, response) => {
        response.json((request as never as { permissions: unknown }).permissions ?? 'in');
      }),
  });
  return { ...app, stub, notices, token: await logIn(stub.url) };
}

const view = { rsname: 'album', rsid: ALBUM, scopes: ['view'] };

test('an enforcer asks Keycloak by id for what it needs, and hands on what is granted', async (t) => {
  const granted = [{ ...view, claims: { path: ['/'] } }];
  const { url, stub, token } = await start(t, () => ({ body: granted }), {
    options: { claims: (request) => ({ path: [request.url] }) },
  });
  const answer = await fetch(url, bearer(token));
  assert.deepEqual([answer.status, await answer.json()], [200, granted]);
  const [form] = stub.asked;
  assert.equal(form?.get('permission'), `${ALBUM}#view`);
  assert.equal(form?.get('audience'), 'fastapi-keycloak');
  assert.equal(form?.get('response_mode'), 'permissions');
  assert.equal(form?.get('subject_token'), token);
  assert.deepEqual(JSON.parse(Buffer.from(form?.get('claim_token') ?? '', 'base64').toString()), {
    path: ['/'],
  });
  const [lookUp] = stub.lookedUp;
  assert.deepEqual([lookUp?.get('name'), lookUp?.get('owner')], ['album', 'fastapi-keycloak']);
});

test('a resource of the caller’s own with the same name counts for nothing', async (t) => {
  const granted = [{ ...view, rsid: 'aaaaaaaa-0000-4000-8000-00000000000b' }];
  const { url, token, keycloak } = await start(t, () => ({ body: granted }));
  assert.equal((await fetch(url, bearer(token))).status, 403);
  const request = { headers: { authorization: `Bearer ${token}` } } as never;
  const permissions = [{ id: 'album', scopes: ['view'] }];
  const list = await keycloak.checkPermissions({ response_mode: 'permissions', permissions }, request);
  assert.deepEqual(list, []);
  await assert.rejects(
    keycloak.checkPermissions({ response_mode: 'decision', permissions }, request),
    (error) => (error as { code?: string }).code === 'permission_denied',
  );
});

test('a resource without a scope is granted with whichever it has, and by its id without being looked up', async (t) => {
  const granted = [view, { rsname: 'photo', rsid: PHOTO }];
  const { url, token, stub } = await start(t, () => ({ body: granted }), {
    permissions: [ALBUM, 'photo'],
  });
  assert.equal((await fetch(url, bearer(token))).status, 200);
  assert.deepEqual(stub.asked[0]?.getAll('permission'), [ALBUM, PHOTO]);
  assert.equal(stub.lookedUp.length, 1);
});

test('a permission without scopes does not grant a scope', async (t) => {
  const { url, token } = await start(t, () => ({ body: [{ rsname: 'album', rsid: ALBUM }] }));
  assert.equal((await fetch(url, bearer(token))).status, 403);
});

test('what Keycloak refuses is refused, and Keycloak that does not answer is 503', async (t) => {
  let status = 403;
  const { url, token } = await start(t, () => ({
    status,
    body: { error: 'access_denied', error_description: 'not_authorized' },
  }));
  assert.equal((await fetch(url, bearer(token))).status, 403);
  status = 503;
  assert.equal((await fetch(url, bearer(token))).status, 503);
});

test('a token that Keycloak has ended is 401, not 403', async (t) => {
  const { url, token } = await start(t, () => ({
    status: 400,
    body: { error: 'unauthorized_client', error_description: 'Invalid identity' },
  }));
  const answer = await fetch(url, bearer(token));
  assert.equal(answer.status, 401);
  assert.match(answer.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
});

test('a resource that Keycloak has not is the fault of the guard, which is told once', async (t) => {
  const { url, token, notices, stub } = await start(t, () => ({ body: [] }), { permissions: 'film:view' });
  for (let times = 0; times < 2; times++) assert.equal((await fetch(url, bearer(token))).status, 500);
  assert.equal(stub.asked.length, 0);
  assert.deepEqual(
    notices.filter(({ level }) => level === 'error').map(({ code }) => code),
    ['permissions_impossible'],
  );
  assert.match(notices.at(-1)?.message ?? '', /film/);
});

test('a resource that the caller chose, and Keycloak does not have, is refused and not reported', async (t) => {
  const idp = await sharedIdp();
  const stub = await startAuthorization(t, idp.url, () => ({ body: [view] }));
  const notices: Notice[] = [];
  const { url } = await startApp(t, {
    ...{ idp, serverUrl: stub.url, bearerOnly: true },
    options: { tokenCheck: 'local', onNotice: (notice) => notices.push(notice) },
    routes: (app, keycloak) =>
      app.get(
        '/:resource',
        (request, response, next) =>
          keycloak.enforcer(`${request.params.resource}:view`)(request, response, next),
        (_request, response) => void response.send('in'),
      ),
  });
  const token = await logIn(stub.url);
  assert.equal((await fetch(`${url}/album`, bearer(token))).status, 200);
  for (const name of ['film', '10000000-0000-4000-8000-000000000000']) {
    assert.equal((await fetch(`${url}/${name}`, bearer(token))).status, 403, name);
  }
  assert.deepEqual(
    notices.filter(({ level }) => level === 'error'),
    [],
  );
});

test('options that keycloak-connect ignored are reported once, and the application starts', () => {
  const notices: Notice[] = [];
  const keycloak = new Keycloak(
    { onNotice: (notice) => notices.push(notice) },
    { realm: 'r', 'auth-server-url': 'http://127.0.0.1:9', resource: 'a', secret: 'b' },
  );
  for (let times = 0; times < 2; times++) {
    keycloak.middleware({ logout: '/out', protected: '/protected/resource' } as never);
    keycloak.enforcer('album:view', { responseMode: 'token' } as never);
  }
  assert.deepEqual(
    notices.map(({ code, message }) => `${code}: ${message}`),
    [
      'setting_ignored: keycloak.middleware ignores protected: it has no such option',
      'setting_ignored: keycloak.enforcer ignores responseMode: it has no such option',
    ],
  );
  assert.throws(() => keycloak.middleware({ logout: 'out' }), /logout: must be a path/);
});

test('nobody asks Keycloak for who has no token', async (t) => {
  const { url, stub } = await start(t, () => ({ body: [view] }));
  assert.equal((await fetch(url)).status, 401);
  assert.equal(stub.asked.length, 0);
});

test('without the secret of this client nobody passes, and that is told at the start', async (t) => {
  for (const config of [{ credentials: {} }, { 'public-client': true }]) {
    const { url, stub, token, notices } = await start(t, () => ({ body: [view] }), { config });
    assert.deepEqual(
      notices.filter(({ level }) => level === 'error').map(({ code }) => code),
      ['permissions_impossible'],
    );
    assert.equal((await fetch(url, bearer(token))).status, 500);
    assert.equal(stub.asked.length, 0);
  }
});

test('the resources of another client are asked for with its secret, and without it nothing starts', async (t) => {
  const other = { resource_server_id: 'another-server' };
  const keycloak = new Keycloak(
    {},
    { realm: 'r', 'auth-server-url': 'http://127.0.0.1:9', resource: 'a', secret: 'b' },
  );
  assert.throws(() => keycloak.enforcer('album:view', other), /resource_server_secret: must be given/);
  const { url, stub, token } = await start(t, () => ({ body: [view] }), {
    options: { ...other, resource_server_secret: 'its secret' },
  });
  assert.equal((await fetch(url, bearer(token))).status, 200);
  const [form] = stub.asked;
  assert.deepEqual(
    ['audience', 'client_id', 'client_secret'].map((name) => form?.get(name)),
    ['another-server', 'another-server', 'its secret'],
  );
});

test('with response_mode token, the permissions are those of a token that Keycloak signed', async (t) => {
  const idp = await sharedIdp();
  const permissions = [view];
  const signed = async (host: string, claims: object) => {
    const { iss } = JSON.parse(Buffer.from((await logIn(host)).split('.')[1] ?? '', 'base64url').toString());
    return idp.issueToken({
      username: 'abdullah',
      claims: { iss, authorization: { permissions }, ...claims },
    });
  };
  let token = '';
  const stub = await startAuthorization(t, idp.url, () => ({ body: { access_token: token } }));
  token = await signed(stub.url, {});
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
  assert.equal(stub.asked.length, 2);

  const fresh = { jti: 'onrtna:1', aud: 'fastapi-keycloak' };
  assert.equal((await fetch(`${url}/view`, bearer(await signed(stub.url, fresh)))).status, 200);
  assert.equal(stub.asked.length, 2, 'what was issued as an answer a moment ago is not asked again');
  // Whoever refreshes such a token keeps what was granted once, and names are those of whoever registered them.
  const named = [{ ...view, rsid: 'aaaaaaaa-0000-4000-8000-00000000000b' }];
  for (const claims of [{}, { ...fresh, authorization: { permissions: named } }]) {
    assert.equal((await fetch(`${url}/view`, bearer(await signed(stub.url, claims)))).status, 200);
  }
  assert.equal(stub.asked.length, 4, 'Keycloak has decided on these');
});

test('permissions that the caller’s token carries count for nothing where claims decide', async (t) => {
  const idp = await sharedIdp();
  const stub = await startAuthorization(t, idp.url, () => ({
    status: 403,
    body: { error: 'access_denied', error_description: 'not_authorized' },
  }));
  const { iss } = JSON.parse(
    Buffer.from((await logIn(stub.url)).split('.')[1] ?? '', 'base64url').toString(),
  );
  const carrying = (permissions: object[]) =>
    idp.issueToken({
      username: 'abdullah',
      claims: { iss, jti: 'onrtna:1', aud: 'fastapi-keycloak', authorization: { permissions } },
    });
  const { url } = await startApp(t, {
    ...{ idp, serverUrl: stub.url, bearerOnly: true, options: { tokenCheck: 'local' } },
    routes: (app, keycloak) => {
      const claims = () => ({ place: ['home'] });
      app.get('/plain', keycloak.enforcer('album:view'), (_, response) => void response.send('in'));
      app.get(
        '/claims',
        keycloak.enforcer('album:view', { claims }),
        (_, response) => void response.send('in'),
      );
    },
  });
  const status = async (path: string, permission: object) =>
    (await fetch(url + path, bearer(await carrying([permission])))).status;
  assert.equal(await status('/plain', view), 200);
  assert.equal(await status('/claims', view), 403, 'asked without the claims of the server');
  const pushed = { ...view, claims: { place: ['office'] } };
  assert.equal(await status('/plain', pushed), 403, 'by claims that the caller chose');
  assert.equal(await status('/claims', pushed), 403);
});
