import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { createVerifier, OptionsError } from '../../packages/guard/src/core/index.ts';
import { createSessions } from '../../packages/guard/src/session/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

const ORIGIN = 'https://app.example.com';

function setUp(more: object) {
  const realm = createTestRealm();
  realm.discovery.authorization_endpoint = 'https://sso.example.com/auth';
  const { serverUrl, realm: name, clientId, fetch } = realm;
  const keycloak = { serverUrl, realm: name, clientId, fetch };
  const sessions = createSessions({
    verifier: createVerifier({ ...keycloak, onNotice: false }),
    client: createClient(keycloak),
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    publicUrl: ORIGIN,
    ...more,
  });
  return async (query: string) => {
    const request = { method: 'GET', url: `/auth/login?${query}`, headers: {} };
    const { headers } = await sessions.startLogin(request);
    return new URL(headers.location ?? '').searchParams;
  };
}

test('parameters that make a login a safe one cannot be set', async () => {
  for (const name of [
    'redirect_uri',
    'state',
    'nonce',
    'code_challenge',
    'response_mode',
    'request_uri',
    'scope',
  ]) {
    assert.throws(() => setUp({ authorizationParameters: { [name]: 'x' } }), OptionsError, name);
    await assert.rejects(setUp({ authorizationParameters: () => ({ [name]: 'x' }) })(''), TypeError, name);
  }
  assert.throws(() => setUp({ authorizationParameters: { max_age: 7 } }), OptionsError);
});

test('what is in the query counts only where it may be asked for, and less than the application', async () => {
  const start = setUp({ idpHint: 'google', authorizationParameters: { login_hint: 'own@example.com' } });
  const own = await start('login_hint=query@example.com&idp_hint=github&prompt=consent&state=x&max_age=0');
  assert.equal(own.get('login_hint'), 'own@example.com');
  assert.equal(own.get('kc_idp_hint'), 'github');
  assert.deepEqual([own.get('prompt'), own.get('max_age')], [null, null]);
  assert.notEqual(own.get('state'), 'x');
  const long = await setUp({})(`login_hint=${'x'.repeat(321)}&prompt=none&prompt=login`);
  assert.deepEqual([long.get('login_hint'), long.get('prompt')], [null, null]);
});

test('people are sent to the address that Keycloak names for browsers, if it is one; else to that of the settings', async () => {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch } = realm;
  const inside = `${serverUrl}/realms/${name}/protocol/openid-connect/auth`;
  for (const [named, start] of [
    ['https://sso.example.com/auth', 'https://sso.example.com/auth?'],
    ['https://münchen.example/auth', 'https://xn--mnchen-3ya.example/auth?'],
    ['javascript:alert(1)', `${inside}?`],
    ['/auth', `${inside}?`],
    [7, `${inside}?`],
  ] as const) {
    realm.discovery.authorization_endpoint = named;
    const client = createClient({ serverUrl, realm: name, clientId, fetch });
    const { url } = await client.startAuthorization({ redirectUri: `${ORIGIN}/auth/callback` });
    assert.ok(url.startsWith(start), url);
  }
});
