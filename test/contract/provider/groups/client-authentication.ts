import assert from 'node:assert/strict';
import { startTestCluster } from '../../../../packages/testing/src/index.ts';
import {
  type AssertionKey,
  type AssertionOptions,
  assertionFields,
  createAssertionKey,
  jwtClient,
  seconds,
  serveKeys,
} from '../assertions.ts';
import { type Answer, assertFault, type Caller, type Fields } from '../caller.ts';
import type { Behaviours, Scene } from '../scene.ts';

const SAME = 'Invalid client or Invalid client credentials';
const SECRET = 'a-secret-that-is-long-enough-for-HS256';
const AWKWARD = 'a+b%c d';
const SIGNED = 'Client authentication with signed JWT failed: ';

const keys = (...set: object[]) => ({
  'use.jwks.string': 'true',
  'jwks.string': JSON.stringify({ keys: set }),
});
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

/** Asks for a token of the client's own, and checks the refusal if one is given. */
async function expectToken(
  caller: Caller,
  fields: Fields,
  refusal?: readonly [number, string, string],
  headers?: Fields,
): Promise<Answer> {
  const answer = await caller.token({ grant_type: 'client_credentials', ...fields }, headers);
  if (refusal === undefined) assert.equal(answer.status, 200, answer.text);
  else assertFault(answer, ...refusal);
  return answer;
}

const invalid = (text: string) => [400, 'invalid_client', text] as const;
const UNKNOWN = [401, 'invalid_client', SAME] as const;

type Sign = (
  id: string,
  claims?: Record<string, unknown>,
  how?: Partial<AssertionOptions>,
) => Promise<Fields>;

const signer =
  (caller: Caller, { privateKey, jwk }: AssertionKey): Sign =>
  (id, claims = {}, how = {}) =>
    assertionFields({
      key: privateKey,
      kid: jwk.kid,
      alg: jwk.alg ?? 'RS256',
      ...how,
      claims: { iss: id, sub: id, aud: caller.issuer, ...claims },
    });

/** A realm with clients that have keys. */
async function withKeys(
  { withRealm }: Scene,
  body: (caller: Caller, sign: Sign, one: AssertionKey) => Promise<void>,
): Promise<void> {
  const one = createAssertionKey('one');
  const { kid: _, ...nameless } = one.jwk;
  const { use: __, ...useless } = one.jwk;
  const { alg: ___, ...plain } = one.jwk;
  await withRealm(
    (realm) => {
      realm.clients?.push(
        jwtClient('jwt', keys(one.jwk)),
        jwtClient('second', keys(one.jwk)),
        jwtClient('ec', { ...keys(one.jwk), 'token.endpoint.auth.signing.alg': 'ES256' }),
        jwtClient('nameless', keys(nameless)),
        jwtClient('useless', keys(useless)),
        jwtClient('plain', keys(plain)),
        jwtClient('keyless', {}),
        jwtClient('off', keys(one.jwk), { enabled: false }),
        jwtClient('hmac', {}, { clientAuthenticatorType: 'client-secret-jwt', secret: SECRET }),
        jwtClient('cert', {}, { clientAuthenticatorType: 'client-x509' }),
        jwtClient('awkward', {}, { clientAuthenticatorType: 'client-secret', secret: AWKWARD }),
        jwtClient('i d+%', {}, { clientAuthenticatorType: 'client-secret', secret: 's' }),
      );
    },
    (caller) => body(caller, signer(caller, one), one),
  );
}

export const clientAuthenticationGroup: Behaviours = {
  'a secret: URL-encoded in the header, as it is in the form, which is stronger': (scene) =>
    withKeys(scene, async (caller) => {
      const encoded = basic('awkward', encodeURIComponent(AWKWARD));
      const wrong = [401, 'unauthorized_client', SAME] as const;
      await expectToken(caller, {}, undefined, encoded);
      await expectToken(caller, {}, undefined, basic('awkward', 'a%2Bb%25c+d'));
      await expectToken(caller, {}, undefined, basic(encodeURIComponent('i d+%'), 's'));
      await expectToken(caller, { client_id: 'awkward', client_secret: AWKWARD });
      const unreadable = [400, 'unauthorized_client', 'Unexpected error when authenticating client'] as const;
      await expectToken(caller, {}, unreadable, basic('awkward', AWKWARD));
      await expectToken(caller, {}, wrong, basic('awkward', 'a+b'));
      await expectToken(caller, {}, wrong, basic('awkward', ''));
      await expectToken(caller, {}, UNKNOWN, { authorization: `Basic ${btoa('awkward')}` });
      await expectToken(caller, { client_id: 'awkward' }, wrong);
      await expectToken(caller, { client_id: 'awkward', client_secret: '' }, wrong);
      await expectToken(caller, { client_id: 'awkward', client_secret: 'x' }, wrong, encoded);
      const form = { client_id: 'awkward', client_secret: AWKWARD };
      await expectToken(caller, form, undefined, basic('awkward', 'x'));
      await expectToken(caller, {}, UNKNOWN);
    }),
  'private_key_jwt: keys by their id, or by their algorithm': (scene) =>
    withKeys(scene, async (caller, sign) => {
      await expectToken(caller, await sign('jwt'));
      await expectToken(caller, await sign('jwt', {}, { kid: undefined }));
      await expectToken(caller, await sign('plain'));
      await expectToken(caller, { ...(await sign('jwt')), client_id: 'jwt' });
      await expectToken(caller, await sign('jwt'), undefined, basic('jwt', 'ignored'));
      const missing = invalid('Unable to load public key');
      await expectToken(caller, await sign('jwt', {}, { kid: 'two' }), missing);
      for (const id of ['nameless', 'useless', 'keyless']) await expectToken(caller, await sign(id), missing);
      await expectToken(caller, await sign('ec'), invalid('Invalid signature algorithm'));
      const { privateKey } = createAssertionKey('one');
      const forged = invalid(`${SIGNED}Signature on JWT token failed validation`);
      await expectToken(caller, await sign('jwt', {}, { key: privateKey }), forged);
      const hmac = { alg: 'HS256', key: new TextEncoder().encode(SECRET) };
      await expectToken(caller, await sign('jwt', {}, hmac), invalid('Invalid signature algorithm'));
      const [, claims] = String((await sign('jwt')).client_assertion).split('.');
      const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`;
      const unsigned = { ...(await sign('jwt')), client_assertion: none };
      await expectToken(caller, unsigned, invalid('Invalid signature algorithm'));
    }),
  'private_key_jwt: whose it is': (scene) =>
    withKeys(scene, async (caller, sign) => {
      for (const id of ['off', 'nobody', 'awkward']) await expectToken(caller, await sign(id), UNKNOWN);
      for (const claims of [{ iss: 'second' }, { iss: undefined }, { sub: undefined }]) {
        await expectToken(caller, await sign('jwt', claims), UNKNOWN);
        await expectToken(caller, { ...(await sign('jwt', claims)), client_id: 'jwt' }, UNKNOWN);
      }
      const other = invalid('client_id parameter does not match authenticated client');
      await expectToken(caller, { ...(await sign('jwt')), client_id: 'second' }, other);
      await expectToken(caller, { ...(await sign('jwt')), client_id: 'nobody' }, UNKNOWN);
      const { client_assertion } = await sign('jwt');
      await expectToken(caller, { client_assertion: String(client_assertion) }, UNKNOWN);
      await expectToken(caller, { ...(await sign('jwt')), client_assertion: 'x' }, UNKNOWN);
      const typeless = invalid('Parameter client_assertion_type is missing');
      await expectToken(caller, { client_id: 'jwt' }, typeless);
      await expectToken(caller, { client_id: 'jwt', client_secret: 'x' }, typeless);
      const { client_assertion_type } = await sign('jwt');
      const empty = { client_id: 'jwt', client_assertion_type: String(client_assertion_type) };
      await expectToken(caller, empty, invalid('client_assertion parameter missing'));
      const unreadable = invalid(`${SIGNED}java.lang.IllegalArgumentException: Parsing error`);
      await expectToken(caller, { ...empty, client_assertion: 'x' }, unreadable);
      // A secret is enough where the client has one, whatever comes along.
      const secret = { client_id: 'awkward', client_secret: AWKWARD };
      await expectToken(caller, { ...(await sign('jwt')), ...secret });
      await expectToken(caller, { client_id: 'cert', client_secret: 'x' }, UNKNOWN);
    }),
  'private_key_jwt: for whom it is': (scene) =>
    withKeys(scene, async (caller, sign) => {
      const { issuer, base } = caller;
      const good = [issuer, [issuer], `${base}/token`, `${base}/token/introspect`];
      for (const aud of good) await expectToken(caller, await sign('jwt', { aud }));
      const wrong = [`${base}/revoke`, `${base}/userinfo`, `${issuer}/`, new URL(issuer).origin, undefined];
      for (const aud of [...wrong, ['x', 'y']]) {
        await expectToken(caller, await sign('jwt', { aud }), invalid('Invalid token audience'));
      }
      const two = await sign('jwt', { aud: [issuer, 'x'] });
      await expectToken(caller, two, invalid('Multiple audiences not allowed'));
    }),
  'private_key_jwt: when, and once': (scene) =>
    withKeys(scene, async (caller, sign) => {
      const now = seconds();
      const good: Record<string, unknown>[] = [
        { exp: now + 3600 },
        { iat: undefined, exp: now + 50 },
        { iat: now - 50, exp: now + 60 },
        { iat: now + 10 },
        { nbf: now + 5 },
      ];
      for (const claims of good) await expectToken(caller, await sign('jwt', claims));
      const far = 'Token expiration is too far in the future and iat claim not present in token';
      const bad: [Record<string, unknown>, string][] = [
        [{ exp: undefined }, 'Token exp claim is required'],
        [{ jti: undefined }, 'Token jti claim is required'],
        [{ exp: now - 5, iat: now - 20 }, 'Token is not active'],
        [{ nbf: now + 40 }, 'Token is not active'],
        [{ iat: undefined, exp: now + 200 }, far],
        [{ iat: now - 70, exp: now + 60 }, 'Token was issued too far in the past to be used now'],
        [{ iat: now + 40, exp: now + 90 }, 'Token was issued in the future'],
      ];
      for (const [claims, text] of bad) await expectToken(caller, await sign('jwt', claims), invalid(text));
      const once = await sign('jwt', { jti: 'once' });
      await expectToken(caller, once);
      await expectToken(caller, once, invalid('Token reuse detected'));
      await expectToken(caller, await sign('second', { jti: 'once' }), invalid('Token reuse detected'));
    }),
  'private_key_jwt at every endpoint': (scene) =>
    withKeys(scene, async (caller, sign) => {
      const token = String((await expectToken(caller, await sign('jwt'))).json.access_token);
      const introspection = await caller.post('/token/introspect', { token, ...(await sign('jwt')) });
      assert.deepEqual([introspection.status, introspection.json], [200, { active: false }]);
      const refused = await caller.post('/token/introspect', { token, ...(await sign('jwt', { aud: 'x' })) });
      assertFault(refused, 400, 'invalid_client', 'Invalid token audience');
      const foreign = await caller.post('/token/introspect', { token, ...(await sign('jwt', { iss: 'x' })) });
      assertFault(foreign, 401, 'invalid_client', SAME);
      assert.equal((await caller.post('/revoke', { token, ...(await sign('jwt')) })).status, 200);
    }),
  'client_secret_jwt: signed with the secret': (scene) =>
    withKeys(scene, async (caller, sign) => {
      const key = new TextEncoder().encode(SECRET);
      const hmac = (claims = {}, how = {}) =>
        sign('hmac', claims, { key, alg: 'HS256', kid: undefined, ...how });
      await expectToken(caller, await hmac());
      await expectToken(caller, await hmac({}, { alg: 'HS512' }));
      const again = await hmac();
      await expectToken(caller, again);
      await expectToken(caller, again, invalid('Token reuse detected'));
      await expectToken(caller, await hmac({ aud: 'x' }), invalid('Invalid token audience'));
      const failure = (text: string) =>
        [
          400,
          'unauthorized_client',
          `Client authentication with client secret signed JWT failed: Signature on JWT token by client secret ${text}`,
        ] as const;
      const wrong = { key: new TextEncoder().encode(`${SECRET}!`) };
      await expectToken(caller, await hmac({}, wrong), failure(' failed validation'));
      await expectToken(caller, await sign('hmac'), failure('failed validation'));
      const plain = { client_id: 'hmac', client_secret: SECRET };
      await expectToken(caller, plain, invalid('Parameter client_assertion_type is missing'));
    }),
  'keys at a URL: fetched once, and again for an unknown one after ten seconds': async ({ withRealm }) => {
    const [one, two] = [createAssertionKey('one'), createAssertionKey('two')];
    const served = await serveKeys(one.jwk);
    try {
      await withRealm(
        (realm) => realm.clients?.push(jwtClient('jwt', { 'use.jwks.url': 'true', 'jwks.url': served.url })),
        async (caller, { pass }) => {
          await expectToken(caller, await signer(caller, one)('jwt'));
          await expectToken(caller, await signer(caller, one)('jwt'));
          served.serve(two.jwk);
          const missing = invalid('Unable to load public key');
          await expectToken(caller, await signer(caller, two)('jwt'), missing);
          assert.equal(served.asked(), 1);
          await pass(12);
          await expectToken(caller, await signer(caller, two)('jwt'));
          assert.equal(served.asked(), 2);
        },
      );
    } finally {
      await served.close();
    }
  },
  'federated-jwt: the token of a Kubernetes service account, as often as it is good': async ({
    withRealm,
  }) => {
    const cluster = await startTestCluster();
    const account = (name: string) => ({
      'jwt.credential.issuer': 'kube',
      'jwt.credential.sub': `system:serviceaccount:shop:${name}`,
    });
    const federated = { clientAuthenticatorType: 'federated-jwt' };
    try {
      await withRealm(
        (realm) => {
          realm.identityProviders = [
            { alias: 'kube', providerId: 'kubernetes', enabled: true, config: { issuer: cluster.issuer } },
          ];
          realm.clients?.push(
            jwtClient('orders', account('orders'), federated),
            jwtClient('stock', account('stock'), federated),
            jwtClient('off', account('off'), { ...federated, enabled: false }),
            jwtClient('other', account('other'), { clientAuthenticatorType: 'client-secret', secret: 's' }),
          );
        },
        async (caller) => {
          const issue = async (claims: Record<string, unknown> = {}, name = 'orders'): Promise<Fields> => ({
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion: await cluster.issueToken({
              ...{ namespace: 'shop', name, audience: caller.issuer, claims },
            }),
          });
          const token = await issue();
          await expectToken(caller, token);
          await expectToken(caller, token);
          await expectToken(caller, { ...token, client_id: 'orders' });
          const now = seconds();
          await expectToken(caller, await issue({ iat: now - 3000, nbf: now - 3000, exp: now + 600 }));
          for (const name of ['off', 'other', 'nobody'])
            await expectToken(caller, await issue({}, name), UNKNOWN);
          await expectToken(caller, await issue({ iss: 'http://elsewhere' }), UNKNOWN);
          await expectToken(caller, { client_id: 'orders' }, UNKNOWN);
          await expectToken(caller, { client_id: 'orders', client_secret: 's' }, UNKNOWN);
          await expectToken(caller, { ...token, client_id: 'fastapi-keycloak' }, [
            401,
            'unauthorized_client',
            SAME,
          ]);
          const mismatch = invalid('client_id parameter does not match authenticated client');
          await expectToken(caller, { ...token, client_id: 'stock' }, mismatch);
          const bad: [Record<string, unknown>, string][] = [
            [{ aud: ['x'] }, 'Invalid token audience'],
            [{ aud: [`${caller.base}/token`] }, 'Invalid token audience'],
            [{ aud: [caller.issuer, 'x'] }, 'Multiple audiences not allowed'],
            [{ iat: now - 7200, nbf: now - 7200, exp: now - 20 }, 'Token is not active'],
            [{ iat: now - 7200, nbf: now - 7200 }, 'Token was issued too far in the past to be used now'],
            [{ exp: undefined }, 'Token exp claim is required'],
          ];
          for (const [claims, text] of bad) await expectToken(caller, await issue(claims), invalid(text));
          await cluster.rotateKeys();
          await expectToken(caller, await issue(), UNKNOWN);
          const introspection = await caller.post('/token/introspect', { token: 'x', ...token });
          assert.deepEqual([introspection.status, introspection.json], [200, { active: false }]);
        },
      );
    } finally {
      await cluster.close();
    }
  },
  'federated-jwt: an OpenID provider that may assert clients, whose tokens are good once if it does not say otherwise':
    async ({ withRealm }) => {
      const one = createAssertionKey('one');
      const served = await serveKeys(one.jwk);
      const provider = (alias: string, more: Record<string, string>) => ({
        alias,
        providerId: 'oidc',
        enabled: true,
        config: {
          ...{ issuer: `http://127.0.0.1/${alias}`, jwksUrl: served.url, useJwksUrl: 'true' },
          ...{ validateSignature: 'true', clientId: 'x', clientSecret: 'x' },
          ...{ tokenUrl: served.url, authorizationUrl: served.url },
          ...more,
        },
      });
      const names = ['once', 'often', 'never'];
      try {
        await withRealm(
          (realm) => {
            realm.identityProviders = [
              provider('once', { supportsClientAssertions: 'true' }),
              provider('often', { supportsClientAssertions: 'true', supportsClientAssertionReuse: 'true' }),
              provider('never', {}),
            ];
            for (const name of names) {
              const attributes = { 'jwt.credential.issuer': name, 'jwt.credential.sub': 'app' };
              realm.clients?.push(jwtClient(name, attributes, { clientAuthenticatorType: 'federated-jwt' }));
            }
          },
          async (caller) => {
            const sign = (name: string, claims = {}) =>
              signer(caller, one)('app', { iss: `http://127.0.0.1/${name}`, ...claims });
            const [once, often, never] = await Promise.all(names.map((name) => sign(name)));
            await expectToken(caller, once as Fields);
            await expectToken(caller, once as Fields, invalid('Token reuse detected'));
            await expectToken(caller, often as Fields);
            await expectToken(caller, often as Fields);
            await expectToken(caller, never as Fields, UNKNOWN);
            const old = { iat: seconds() - 360 };
            const text = 'Token was issued too far in the past to be used now';
            await expectToken(caller, await sign('often', old), invalid(text));
          },
        );
      } finally {
        await served.close();
      }
    },
};
