import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import {
  type CredentialOptions,
  createCredential,
  isAuthError,
  OptionsError,
} from '../../packages/guard/src/core/index.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { assertionOf, decode, fileOf, ISSUER, make, shownBy, tokenFor } from './made-credential.ts';

describe('what a call carries', () => {
  it('is the secret: in the form, or in the header with both parts encoded', async () => {
    const secret = 'a:b c&é';
    assert.deepEqual(await shownBy(make({ secret }).made), {
      headers: {},
      fields: { client_id: 'my-api', client_secret: secret },
    });
    const { headers, fields } = await shownBy(make({ secret, method: 'basic' }).made);
    assert.deepEqual(fields, {});
    const basic = Buffer.from(String(headers.authorization).slice('Basic '.length), 'base64').toString();
    assert.equal(basic, 'my-api:a%3Ab+c%26%C3%A9');
  });

  it('is an assertion that the secret signs, another for each call', async () => {
    const { made, seconds } = make({ secret: 'the-secret', method: 'jwt' });
    const [one, two] = [assertionOf(await shownBy(made)), assertionOf(await shownBy(made))];
    assert.notEqual(one, two);
    const [header = '', payload = '', signature] = one.split('.');
    assert.equal(
      signature,
      createHmac('sha256', 'the-secret').update(`${header}.${payload}`).digest('base64url'),
    );
    assert.deepEqual(decode(header), { alg: 'HS256', typ: 'JWT' });
    const { jti, ...claims } = decode(payload) as { jti: string };
    assert.match(jti, /^[\da-f-]{36}$/);
    const now = seconds();
    assert.deepEqual(claims, { iss: 'my-api', sub: 'my-api', aud: ISSUER, iat: now, exp: now + 60 });
  });

  for (const alg of ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
    it(`is an assertion that a key signs, by ${alg}`, async () => {
      const key = createTestKey(alg);
      const jwk = { ...key.privateKey.export({ format: 'jwk' }), kid: 'k-1', alg };
      const { made } = make({ key: jwk });
      const shown = await shownBy(made);
      assert.equal(
        shown.fields.client_assertion_type,
        'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      );
      const [header = '', payload = '', signature = ''] = assertionOf(shown).split('.');
      assert.deepEqual(decode(header), { alg, typ: 'JWT', kid: 'k-1' });
      const how = alg.startsWith('PS')
        ? { padding: 6, saltLength: 32 }
        : { dsaEncoding: 'ieee-p1363' as const };
      const digest = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`;
      const input = Buffer.from(`${header}.${payload}`);
      assert.ok(verify(digest, input, { key: key.publicKey, ...how }, Buffer.from(signature, 'base64url')));
      const { keys } = await made.publicKeys();
      assert.equal(keys.length, 1);
      assert.deepEqual(
        [keys[0]?.kid, keys[0]?.d, keys[0]?.alg, keys[0]?.use],
        ['k-1', undefined, alg, 'sig'],
      );
    });
  }

  it('is signed by the algorithm that fits the key', async () => {
    for (const [key, alg] of [
      [generateKeyPairSync('ed25519'), 'EdDSA'],
      [generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'ES384'],
      [generateKeyPairSync('rsa', { modulusLength: 2048 }), 'RS256'],
    ] as const) {
      const { keys } = await make({ key: key.privateKey }).made.publicKeys();
      assert.equal(keys[0]?.alg, alg);
    }
  });

  it('is signed by the algorithm that is given, with a name for the key as Keycloak makes it', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const { kid, alg } = decode(
      String(assertionOf(await shownBy(make({ key: pem, algorithm: 'PS512' }).made)).split('.')[0]),
    ) as { kid: string; alg: string };
    assert.equal(alg, 'PS512');
    assert.match(kid, /^[\w-]{43}$/);
  });

  it('is the token of the file, with the client id', async () => {
    const { made, seconds } = make({ tokenFile: '/nowhere' });
    await assert.rejects(shownBy(made), isAuthError);
    const token = tokenFor(seconds(), 3600);
    const second = make({ tokenFile: fileOf(`${token}\n`).path }).made;
    const { fields } = await shownBy(second);
    assert.equal(fields.client_assertion, token);
    assert.equal(fields.client_id, 'my-api');
    assert.deepEqual(await second.publicKeys(), { keys: [] });
  });

  it('says for whom an assertion is as Keycloak names itself, not as it is called', async () => {
    const test = createTestRealm({ serverUrl: 'http://keycloak:8080' });
    test.discovery = { issuer: ISSUER };
    const key = createTestKey('ES256').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const verifier = test.verifier({ clientSecret: undefined, credential: { key }, tokenCheck: 'remote' });
    await verifier.load();
    await verifier.verify(test.mint({ iss: ISSUER, aud: 'my-api' }));
    const form = new URLSearchParams(await (test.requests.introspection as Request).text());
    const claims = decode(String(form.get('client_assertion')?.split('.')[1])) as { aud: string };
    assert.equal(claims.aud, ISSUER);
    await verifier.close();
  });
});

describe('a credential', () => {
  const key = createTestKey('RS256').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;

  it('is checked when it is made, without repeating it', () => {
    const wrong: unknown[] = [
      ...[
        undefined,
        null,
        'secret',
        1,
        [],
        {},
        { secret: '' },
        { secret: ' s' },
        { secret: 's', method: 'get' },
      ],
      ...[{ secret: 's', tokenFile: '/t' }, { secretFile: '' }, { secretFile: '/s', algorithm: 'RS256' }],
      ...[
        { key: 'hunter2' },
        { key: {} },
        { key: null },
        { key, algorithm: 'HS256' },
        { key, algorithm: 'ES256' },
      ],
      ...[{ key, algorithm: 1 }, { key: weak }, { key: createTestKey('RS256').publicKey }, { keyFile: 1 }],
      ...[{ tokenFile: '/t', method: 'post' }, { certificateFile: '/c' }, { tokenfile: '/t' }],
      ...[{ key: { keys: [null] } }, { key, algorithm: 'EdDSA' }],
      { key: createTestKey('ES256').privateKey, algorithm: 'ES384' },
      { key: createTestKey('EdDSA').privateKey, algorithm: 'RS256' },
      { certificateFile: '/c', certificateKeyFile: '/k', authorityFile: '' },
      { key: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey },
    ];
    for (const credential of wrong) {
      assert.throws(
        () => createCredential({ clientId: 'my-api', credential: credential as CredentialOptions }),
        (error) => {
          assert.ok(error instanceof OptionsError, String(error));
          assert.deepEqual(
            error.problems.map(({ option }) => option),
            ['credential'],
          );
          assert.ok(!error.message.includes('hunter2'));
          return true;
        },
        inspect(credential),
      );
    }
    assert.throws(() => createCredential({ clientId: '', credential: { secret: 's' } }), OptionsError);
  });

  it('is not given beside its short form', () => {
    const test = createTestRealm();
    assert.throws(
      () => test.verifier({ credential: { secret: 'other' } }),
      /credential: must not be given beside/,
    );
  });

  it('of one application is one: a verifier takes the one that was made before', async () => {
    const test = createTestRealm();
    const made = createCredential({ clientId: 'my-api', credential: { secret: 'shared' } });
    const verifier = test.verifier({ clientSecret: undefined, credential: made, tokenCheck: 'remote' });
    await verifier.verify(test.mint({ aud: 'my-api' }));
    const form = new URLSearchParams(await (test.requests.introspection as Request).text());
    assert.equal(form.get('client_secret'), 'shared');
    await verifier.close();
  });

  it('hides in every print what it holds', async () => {
    const secret = 'hunter2-hunter2';
    const { made } = make({ secret, method: 'basic' });
    assert.ok(made.secrets().includes(secret));
    const token = fileOf(tokenFor(make({ secret }).seconds(), 60));
    const byToken = make({ tokenFile: token.path }).made;
    for (const one of [made, make({ key }).made, byToken]) {
      await shownBy(one);
      const printed = inspect(one, { depth: 9, showHidden: true }) + JSON.stringify(one) + String(one);
      assert.ok(!/hunter2|PRIVATE|eyJ/.test(printed), printed);
    }
    assert.deepEqual(byToken.secrets().length, 1);
    assert.deepEqual(make({ key }).made.secrets(), []);
  });
});
