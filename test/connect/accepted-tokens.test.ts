import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import type { KeycloakConfig } from '../../packages/connect/src/index.ts';
import { createVerifier } from '../../packages/guard/src/core/index.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { bearer, logIn, sharedIdp, startApp, tokenOf } from './connect-app.ts';

const MANY = { onNotice: false } as const;

async function askWith(t: Parameters<typeof startApp>[0], idp: DevIdp, config: KeycloakConfig) {
  const { url } = await startApp(t, {
    idp,
    config,
    bearerOnly: true,
    options: MANY,
    routes: (app, keycloak) =>
      app.get('/', keycloak.protect(), (_request, response) => void response.send('in')),
  });
  return async (token: string) => (await fetch(url, bearer(token))).status;
}

test('verify-token-audience: false takes the tokens of every client, true those whose aud has this one', async (t) => {
  const idp = await sharedIdp();
  const own = await tokenOf(idp);
  const others = await tokenOf(idp, 'abdullah', 'other-service');
  const byParty = await idp.issueToken({ username: 'abdullah', claims: { aud: 'account' } });
  const off = await askWith(t, idp, { 'verify-token-audience': false });
  const on = await askWith(t, idp, { 'verify-token-audience': true });
  const byDefault = await askWith(t, idp, {});
  assert.deepEqual([await off(own), await off(others), await off(byParty)], [200, 200, 200]);
  assert.deepEqual([await on(own), await on(others), await on(byParty)], [200, 401, 401]);
  assert.deepEqual(
    [await byDefault(own), await byDefault(others), await byDefault(byParty)],
    [200, 401, 200],
  );
});

test('a text is no way to switch the audience off', () => {
  for (const audience of ['', [], false, Symbol('any audience')]) {
    const options = { serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' };
    assert.throws(() => createVerifier({ ...options, audience: audience as never }), /audience/);
  }
});

test('a pinned key is the only one that may sign, by whichever id the realm has for it', async (t) => {
  const idp = await sharedIdp();
  const token = await logIn(idp.url);
  const certs = await fetch(`${idp.issuer}/protocol/openid-connect/certs`);
  const { keys } = (await certs.json()) as { keys: { alg: string }[] };
  const toText = (jwk: object | undefined) =>
    createPublicKey({ key: jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'der' });
  const own = toText(keys.find(({ alg }) => alg === 'RS256'));
  const other = toText(keys.find(({ alg }) => alg === 'RSA-OAEP'));
  assert.equal(await (await askWith(t, idp, { 'realm-public-key': other.toString('base64') }))(token), 401);
  assert.equal(await (await askWith(t, idp, { 'realm-public-key': own.toString('base64') }))(token), 200);
});
