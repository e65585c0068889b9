import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createTestKey, signCompact, type TestKey } from '../support/signing-keys.ts';
import { bearer, CLIENT, type Make, startApp } from './connect-app.ts';

/** The pinned key, and one of nobody. */
const [KEY, OTHER] = [createTestKey('RS256'), createTestKey('RS256')];
const NOWHERE = 'http://127.0.0.1:9';

function toText({ publicKey }: TestKey): string {
  return publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
}

function signToken(key: TestKey, serverUrl: string, changes: object = {}, header: object = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    ...{ iss: `${serverUrl}/realms/testing`, aud: CLIENT, azp: CLIENT, typ: 'Bearer', sub: 'somebody' },
    ...{ iat: now, exp: now + 60 },
    ...changes,
  };
  return signCompact(
    { alg: 'RS256', typ: 'JWT', kid: 'of-a-test', ...header },
    claims,
    key.privateKey,
    'RS256',
  );
}

async function startWith(
  t: Parameters<typeof startApp>[0],
  key: TestKey,
  serverUrl: string,
  make: Make = 'drop-in',
) {
  const { url } = await startApp(t, {
    // Not asked for anything.
    idp: {} as never,
    ...{ make, serverUrl, bearerOnly: true, options: make === 'original' ? {} : { onNotice: false } },
    config: { 'realm-public-key': toText(key) },
    routes: (app, keycloak) =>
      app.get('/', keycloak.protect(), (_request, response) => void response.send('in')),
  });
  return async (token: string) => (await fetch(url, bearer(token))).status;
}

for (const [make, refused] of [
  ['original', 403],
  ['drop-in', 401],
] as const) {
  test(`with a pinned key no Keycloak is needed, as tests of applications have it: ${make}`, async (t) => {
    const ask = await startWith(t, KEY, NOWHERE, make);
    assert.equal(await ask(signToken(KEY, NOWHERE)), 200);
    assert.equal(await ask(signToken(OTHER, NOWHERE)), refused);
    assert.equal(await ask(signToken(KEY, NOWHERE, { exp: 1 })), refused);
    assert.equal(await ask(signToken(KEY, NOWHERE, { iss: 'http://elsewhere/realms/testing' })), refused);
  });
}

test('a Keycloak that was there once goes on saying who the issuer is', async (t) => {
  let isUp = true;
  const keycloak = createServer((_request, response) => {
    response.statusCode = isUp ? 200 : 404;
    response.end(JSON.stringify({ issuer: 'https://sso.example.com/realms/testing' }));
  }).listen(0, '127.0.0.1');
  await once(keycloak, 'listening');
  t.after(() => keycloak.close());
  const serverUrl = `http://127.0.0.1:${(keycloak.address() as AddressInfo).port}`;
  const ask = await startWith(t, KEY, serverUrl);
  assert.equal(await ask(signToken(KEY, 'https://sso.example.com')), 200);
  isUp = false;
  // Another id: the keys are loaded again, and the issuer with them.
  assert.equal(await ask(signToken(KEY, 'https://sso.example.com', {}, { kid: 'another' })), 200);
  assert.equal(await ask(signToken(KEY, serverUrl)), 401);
});

test('made-up key ids take no place from those of good tokens', async (t) => {
  const ask = await startWith(t, KEY, NOWHERE);
  assert.equal(await ask(signToken(KEY, NOWHERE)), 200);
  for (let i = 0; i < 300; i++) {
    assert.equal(await ask(signToken(OTHER, NOWHERE, { iat: 1 }, { kid: `made-up-${i}` })), 401);
  }
  assert.equal(await ask(signToken(KEY, NOWHERE)), 200);
});

test('made-up key ids that come first keep nobody out', async (t) => {
  const ask = await startWith(t, KEY, NOWHERE);
  for (let i = 0; i < 150; i++) {
    assert.equal(await ask(signToken(OTHER, NOWHERE, { iat: 1 }, { kid: `made-up-${i}` })), 401);
  }
  // Keys are loaded once in 5 seconds: of a token issued after the last time, the next is waited for.
  assert.equal(await ask(signToken(KEY, NOWHERE, { iat: Math.floor(Date.now() / 1000) + 1 })), 200);
});

test('a page in the place of the document of the realm does not count', async (t) => {
  const keycloak = createServer((_request, response) => response.end('<h1>Maintenance</h1>')).listen(
    0,
    '127.0.0.1',
  );
  await once(keycloak, 'listening');
  t.after(() => keycloak.close());
  const serverUrl = `http://127.0.0.1:${(keycloak.address() as AddressInfo).port}`;
  const ask = await startWith(t, KEY, serverUrl);
  assert.equal(await ask(signToken(KEY, serverUrl)), 200);
});

test('a token of the pinned key is good at once, whatever names others made up a moment ago', async (t) => {
  const ask = await startWith(t, KEY, NOWHERE);
  assert.equal(await ask(signToken(KEY, NOWHERE)), 200);
  assert.equal(await ask(signToken(OTHER, NOWHERE, {}, { kid: 'made up' })), 401);
  assert.equal(await ask(signToken(KEY, NOWHERE, {}, { kid: 'of-another-deployment' })), 200);
});
