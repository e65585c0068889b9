import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createClient, type Tokens } from '../../packages/guard/src/client/index.ts';
import { buildTestApp, shareTestApp } from './service.ts';

const NOWHERE = 'http://127.0.0.1:1';

describe('the documentation page', () => {
  const shared = shareTestApp();

  test('the window in which people sign in may tell the page how it ended', async () => {
    const { app } = shared;
    const policyOf = async (path: string) =>
      (await app.inject(`/docs/static/${path}`)).headers['cross-origin-opener-policy'];
    assert.equal(await policyOf('oauth2-redirect.html'), undefined);
    assert.equal(await policyOf('index.html'), 'same-origin-allow-popups');
  });

  test('caches may keep the files of the page for an hour, and ask whether the page itself is still the same', async () => {
    const { app } = shared;
    const kept = async (path: string) => (await app.inject(path)).headers['cache-control'];
    assert.equal(await kept('/docs/'), 'no-cache');
    assert.equal(await kept('/docs/static/swagger-ui.css'), 'public, max-age=3600');
    assert.equal(await kept('/docs/static/nothing.css'), 'no-store');
  });

  test('a token that is typed with its Bearer is sent with one', async () => {
    const { app } = shared;
    const { body } = await app.inject('/docs/static/swagger-initializer.js');
    const [, source = ''] = /"requestInterceptor":(function [\s\S]*?\n\})\}/.exec(body) ?? [];
    const send = new Function(`return (${source})`)() as (request: object) => {
      headers?: Record<string, string>;
    };
    for (const [sent, expected] of [
      ['Bearer Bearer eyJ.a.b', 'Bearer eyJ.a.b'],
      ['Bearer eyJ.a.b ', 'Bearer eyJ.a.b'],
      ['bearer  BEARER  eyJ.a.b', 'Bearer eyJ.a.b'],
      ['Basic YTpi', 'Basic YTpi'],
    ] as const)
      assert.deepEqual(send({ headers: { Authorization: sent } }), { headers: { Authorization: expected } });
    assert.deepEqual(send({ headers: { accept: '*/*' } }), { headers: { accept: '*/*' } });
    assert.deepEqual(send({}), {});
    const settings = /"defaultModelsExpandDepth":(\d+)/.exec(body)?.[1];
    assert.deepEqual([settings, /"displayRequestDuration":(\w+)/.exec(body)?.[1]], ['0', 'true']);
  });
});

test('the form of POST /login is filled in where there is a user for everybody, and else empty', async (t) => {
  const login = { username: 'abdullah', password: 'Test#123456' };
  for (const [docsLogin, expected] of [
    [login, login],
    [undefined, { username: '', password: '' }],
  ] as const) {
    const { app } = await buildTestApp(t, NOWHERE, {}, { docsLogin });
    const contents = (await app.inject('/docs/json')).json().paths['/login'].post.requestBody.content;
    assert.equal(Object.keys(contents).length, 3);
    for (const { schema } of Object.values<{ schema: { properties: Record<string, object> } }>(contents))
      for (const [name, value] of Object.entries(expected))
        assert.deepEqual((schema.properties[name] as { examples?: unknown }).examples, [value]);
    const { example, examples } = (await app.inject('/openapi.json')).json().components.schemas.TokenRequest;
    assert.deepEqual([example, examples], [undefined, undefined]);
  }
});

test('a page that could not be made once is made for who asks next', async (t) => {
  const { app } = await buildTestApp(t, NOWHERE);
  await app.ready();
  const { openApi } = app;
  app.openApi = async () => Promise.reject(new Error('not now'));
  assert.equal((await app.inject('/docs')).statusCode, 500);
  app.openApi = openApi;
  assert.equal((await app.inject('/docs')).statusCode, 200);
});

test('the page gets the access token of a code and no other, and the audit log has the sign-in', async (t) => {
  const claims = { preferred_username: 'anna', sub: 'u-1', sid: 's-1' };
  const accessToken = `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;
  const tokens: Tokens = {
    ...{ accessToken, tokenType: 'bearer', expiresInSeconds: 300, scopes: [] },
    ...{ refreshToken: 'refresh', refreshExpiresInSeconds: 1_800, idToken: 'id' },
  };
  for (const expiresInSeconds of [300, null]) {
    const client = {
      ...createClient({
        serverUrl: NOWHERE,
        realm: 'testing',
        clientId: 'fastapi-keycloak',
        clientSecret: 'x',
      }),
      exchangeCode: async () => ({ ...tokens, expiresInSeconds }),
    };
    const { app, log } = await buildTestApp(t, NOWHERE, {}, { client });
    const { statusCode, json } = await app.inject({
      ...{ method: 'POST', url: '/docs/oauth2/token', headers: { host: 'api.example.com' } },
      payload: {
        ...{ grant_type: 'authorization_code', code: 'c', code_verifier: 'v' },
        redirect_uri: 'http://api.example.com/docs/static/oauth2-redirect.html',
      },
    });
    const expires = expiresInSeconds === null ? {} : { expires_in: 300 };
    assert.deepEqual(
      [statusCode, json()],
      [200, { access_token: accessToken, token_type: 'bearer', ...expires }],
    );
    const [line] = log.lines().filter(({ event }) => event === 'login');
    assert.deepEqual(
      [line?.by, line?.outcome, line?.user, line?.sub, line?.sid],
      ['docs', 'ok', 'anna', 'u-1', 's-1'],
    );
  }
});
