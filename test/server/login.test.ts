import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { clientOptionsOf } from '../../packages/server/src/config/config.ts';
import { assertTokenLifetimes } from '../support/token-response.ts';
import { buildTestApp, configFor, form, PASSWORD, startIdp } from './service.ts';

const RIGHT = { username: 'abdullah', password: PASSWORD };

test('the right password gives tokens that may not be stored by caches', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url);
  const answer = await app.inject(form(RIGHT));
  assert.equal(answer.statusCode, 200);
  const { access_token, refresh_token, ...rest } = answer.json();
  assertTokenLifetimes(rest);
  assert.match(access_token, /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.match(refresh_token, /^eyJ/);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
});

for (const [name, credentials] of [
  ['a wrong password', { username: 'abdullah', password: 'wrong' }],
  ['an unknown user', { username: 'nobody', password: 'wrong' }],
  [
    'the right password of a disabled user, which must not be confirmed',
    { username: 'disabled', password: PASSWORD },
  ],
  ['a wrong password of a disabled user', { username: 'disabled', password: 'wrong' }],
] as const) {
  test(`${name} is 401, always with the same body`, async (t) => {
    const idp = await startIdp(t);
    const { app } = await buildTestApp(t, idp.url);
    const answer = await app.inject(form(credentials));
    assert.equal(answer.statusCode, 401);
    assert.equal(answer.body, '{"detail":"Invalid username or password"}');
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['www-authenticate'], undefined);
  });
}

test('an account that is not fully set up is 403', async (t) => {
  const idp = await startIdp(t);
  const { app, log } = await buildTestApp(t, idp.url);
  const answer = await app.inject(form({ username: 'newcomer', password: PASSWORD }));
  assert.equal(answer.statusCode, 403);
  assert.equal(answer.body, '{"detail":"Account is not fully set up"}');
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.ok(log.lines().some(({ id }) => id === 'account-not-ready'));
});

for (const [id, username, fix] of [
  ['account-not-ready', 'newcomer', /remove the required user actions/],
  ['account-disabled', 'disabled', /Enabled ON/],
] as const)
  test(`the log says how to mend ${id}, as it does for a wrong secret`, async (t) => {
    const idp = await startIdp(t);
    const { app, log } = await buildTestApp(t, idp.url);
    await app.inject(form({ username, password: PASSWORD }));
    assert.match(String(log.lines().find((line) => line.id === id)?.fix), fix);
  });

test('JSON and multipart are the same as the form', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url);
  const asJson = await app.inject({ method: 'POST', url: '/login', payload: RIGHT });
  assert.equal(asJson.statusCode, 200);
  assert.equal(asJson.json().token_type, 'bearer');

  const fields = new FormData();
  fields.set('username', RIGHT.username);
  fields.set('password', RIGHT.password);
  const body = new Response(fields);
  const asMultipart = await app.inject({
    method: 'POST',
    url: '/login',
    headers: { 'content-type': body.headers.get('content-type')! },
    payload: Buffer.from(await body.arrayBuffer()),
  });
  assert.equal(asMultipart.statusCode, 200);
  assert.equal(asMultipart.json().token_type, 'bearer');
});

test('characters that a form must encode reach Keycloak as they were typed', async (t) => {
  const idp = await startIdp(t);
  const password = 'ä+&=% "ß\u{1f511}\t;';
  idp.updateUser('sara', { credentials: [{ type: 'password', value: password, temporary: false }] });
  const { app } = await buildTestApp(t, idp.url);
  assert.equal((await app.inject(form({ username: 'sara', password }))).statusCode, 200);
  const asJson = { method: 'POST', url: '/login', payload: { username: 'sara', password } } as const;
  assert.equal((await app.inject(asJson)).statusCode, 200);
});

test('the address of the user goes with the call as X-Forwarded-For, its Origin does not', async (t) => {
  const idp = await startIdp(t);
  const seen: Headers[] = [];
  const { createClient } = await import('../../packages/guard/src/client/index.ts');
  const client = createClient({
    serverUrl: idp.url,
    realm: 'testing',
    clientId: 'fastapi-keycloak',
    clientSecret: 'for-development-only',
    fetch: (url, init) => {
      if (init?.method === 'POST') seen.push(new Headers(init.headers));
      return fetch(url, init);
    },
  });
  const { app } = await buildTestApp(t, idp.url, { TRUST_PROXY: 'loopback' }, { client });
  const request = form(RIGHT);
  const headers = { ...request.headers, origin: 'https://evil.example', 'x-forwarded-for': '198.51.100.7' };
  assert.equal((await app.inject({ ...request, headers })).statusCode, 200);
  assert.equal(seen.length, 1);
  assert.equal(seen[0]?.get('x-forwarded-for'), '198.51.100.7');
  assert.equal(seen[0]?.get('origin'), null);
});

test('without TRUST_PROXY the X-Forwarded-For of a request is not believed', async (t) => {
  const idp = await startIdp(t);
  const seen: (string | undefined)[] = [];
  const client = {
    ...createClient(clientOptionsOf(configFor(idp.url))),
    passwordGrant: async ({ clientIp }: { clientIp?: string | undefined }) => {
      seen.push(clientIp);
      throw new Error('enough');
    },
  };
  const { app } = await buildTestApp(t, idp.url, {}, { client });
  const request = form(RIGHT);
  const headers = { ...request.headers, 'x-forwarded-for': '198.51.100.7' };
  await app.inject({ ...request, headers, remoteAddress: '::ffff:192.0.2.4' });
  assert.deepEqual(seen, ['192.0.2.4']);
});
