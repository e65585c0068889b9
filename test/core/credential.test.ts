import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { inspect } from 'node:util';
import {
  type Credential,
  type CredentialOptions,
  createCredential,
  isAuthError,
  type Notice,
  OptionsError,
} from '../../packages/guard/src/core/index.ts';
import type { Authentication } from '../../packages/guard/src/core/internal.ts';
import { createTestKey, signCompact } from '../support/signing-keys.ts';
import { createTestRealm } from '../support/test-realm.ts';

const ISSUER = 'https://sso.example.com/realms/testing';
const realm = {
  discover: async () => ({ issuer: ISSUER, metadata: { issuer: ISSUER }, isFollowingCaller: false }),
};
const GOOD = { status: 200, body: '{}' };
const REFUSED = { status: 401, body: '{"error":"unauthorized_client"}' };

const folder = mkdtempSync(join(tmpdir(), 'credential-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
/** A file that is replaced whole, as Kubernetes and most writers do. */
function fileOf(text: string) {
  const path = join(folder, `file-${++files}`);
  const write = (next: string) => {
    writeFileSync(`${path}.new`, next);
    renameSync(`${path}.new`, path);
  };
  write(text);
  return { path, write, remove: () => rmSync(path) };
}

/** A credential, with a clock that stands still until it is moved. */
function make(credential: CredentialOptions) {
  const notices: Notice[] = [];
  let now = Date.UTC(2026, 0, 1);
  const made = createCredential({
    clientId: 'my-api',
    credential,
    onNotice: (notice) => notices.push(notice),
    clock: () => now,
  });
  return {
    made,
    codes: () => notices.map(({ code }) => code),
    notices,
    seconds: () => now / 1000,
    advance: (seconds: number) => {
      now += seconds * 1000;
    },
  };
}

/** What calls carry, and how often they were sent. */
async function send(credential: Credential, answer: (shown: Authentication) => typeof GOOD = () => GOOD) {
  const sent: Authentication[] = [];
  const response = await credential.authenticate(realm, async (shown) => {
    sent.push(shown);
    return answer(shown);
  });
  return { sent, response };
}
const shownBy = async (credential: Credential) => (await send(credential)).sent[0] as Authentication;
const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object;
const assertionOf = ({ fields }: Authentication) => String(fields.client_assertion);
const only = (secret: string) => (shown: Authentication) =>
  shown.fields.client_secret === secret ? GOOD : REFUSED;

/** A token of a service account that is good for so many seconds. */
function tokenFor(now: number, seconds: number): string {
  const key = createTestKey('ES256');
  return signCompact({ alg: 'ES256' }, { sub: 'a', exp: now + seconds }, key.privateKey, 'ES256');
}

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

  it('is the token of the file, without the client id', async () => {
    const { made, seconds } = make({ tokenFile: '/nowhere' });
    await assert.rejects(shownBy(made), isAuthError);
    const token = tokenFor(seconds(), 3600);
    const second = make({ tokenFile: fileOf(`${token}\n`).path }).made;
    const { fields } = await shownBy(second);
    assert.equal(fields.client_assertion, token);
    assert.equal(fields.client_id, undefined);
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

describe('a file that changes', () => {
  it('counts at once, and nobody notices a rotation whichever side is first', async () => {
    const file = fileOf('one');
    const { made, codes } = make({ secretFile: file.path });
    assert.equal((await send(made, only('one'))).response.status, 200);
    file.write('two');
    // Keycloak has the new one already, and then only the new one.
    assert.equal((await send(made, only('two'))).sent.length, 1);
    file.write('three');
    // Keycloak does not know the new one yet: the one before does it, and is tried first for a moment.
    const { sent, response } = await send(made, only('two'));
    assert.deepEqual([response.status, sent.length], [200, 2]);
    assert.equal((await send(made, only('two'))).sent.length, 1);
    assert.equal((await send(made, only('three'))).response.status, 200);
    assert.equal((await send(made, only('three'))).sent.length, 1);
    assert.deepEqual(codes(), []);
  });

  it('is read again if Keycloak refuses what was in it', async () => {
    const file = fileOf('one');
    const { made } = make({ secretFile: file.path });
    const { sent, response } = await send(made, (shown) => {
      if (shown.fields.client_secret === 'one') file.write('two');
      return only('two')(shown);
    });
    assert.deepEqual([response.status, sent.length], [200, 2]);
  });

  it('that is written anew at each call is tried three times, and no more', async () => {
    const file = fileOf('0');
    const { made } = make({ secretFile: file.path });
    let writes = 0;
    const { sent, response } = await send(made, () => {
      file.write(String(++writes));
      return REFUSED;
    });
    assert.deepEqual([response.status, sent.length], [401, 3]);
  });

  it('is refused where Keycloak takes nothing of it: asked twice at most, and once after that', async () => {
    const file = fileOf('one');
    const { made } = make({ secretFile: file.path });
    await send(made);
    file.write('wrong');
    const none = only('none of them');
    assert.deepEqual((await send(made, none)).sent.length, 2);
    assert.deepEqual((await send(made, none)).response, REFUSED);
    assert.deepEqual((await send(made, none)).sent.length, 1);
    file.remove();
    assert.equal((await send(made, none)).sent.length, 1);
    // Another fault is not the credential's.
    const full = { status: 400, body: '{"error":"invalid_grant"}' };
    assert.equal((await send(made, () => full)).sent.length, 1);
    assert.equal((await send(made, () => ({ status: 401, body: '<html>' }))).sent.length, 1);
  });

  for (const [how, spoil] of Object.entries({
    'is gone': (file: ReturnType<typeof fileOf>) => file.remove(),
    'is empty': (file) => file.write('\n'),
    'has spaces': (file) => file.write(' two\n'),
    'has more lines': (file) => file.write('two\nthree\n'),
    'is huge': (file) => file.write('x'.repeat(300 * 1024)),
  } as Record<string, (file: ReturnType<typeof fileOf>) => void>)) {
    it(`${how}: the secret before is used, with one notice if that lasts`, async (t) => {
      const file = fileOf('one');
      const { made, notices, codes } = make({ secretFile: file.path });
      let now = performance.now();
      t.mock.method(performance, 'now', () => now);
      await send(made);
      spoil(file);
      await send(made);
      now += 900;
      await send(made);
      assert.deepEqual(codes(), []);
      now += 100;
      for (let i = 0; i < 3; i++) {
        assert.equal((await shownBy(made)).fields.client_secret, 'one');
      }
      assert.deepEqual(codes(), ['credential_old']);
      assert.match(notices[0]?.message ?? '', /cannot be used \(.+\), the one before is used/);
      assert.equal(notices[0]?.level, 'warn');
      file.write('two');
      assert.equal((await shownBy(made)).fields.client_secret, 'two');
      assert.deepEqual(codes(), ['credential_old', 'credential_back']);
    });
  }

  it('that was never good is 503, and counts as soon as it is there', async () => {
    const file = fileOf('');
    const { made, codes } = make({ secretFile: file.path });
    for (let i = 0; i < 2; i++) {
      await assert.rejects(shownBy(made), (error) => {
        assert.ok(isAuthError(error));
        assert.deepEqual([error.code, error.statusCode], ['provider_unavailable', 503]);
        return true;
      });
    }
    assert.deepEqual(codes(), ['credential_missing']);
    file.write('one');
    assert.equal((await shownBy(made)).fields.client_secret, 'one');
    assert.deepEqual(codes(), ['credential_missing', 'credential_back']);
  });

  it('holds a token that is used until it expires, and not after that', async (t) => {
    let now = performance.now();
    t.mock.method(performance, 'now', () => now);
    const { seconds } = make({ secret: 's' });
    const file = fileOf(tokenFor(seconds(), 60));
    const { made, codes, advance } = make({ tokenFile: file.path });
    const first = assertionOf(await shownBy(made));
    for (const half of [first.slice(0, 40), `${first.split('.').slice(0, 2).join('.')}.`, 'x']) {
      file.write(half);
      now += 600;
      assert.equal(assertionOf(await shownBy(made)), first);
    }
    file.write(tokenFor(seconds(), -5));
    assert.equal(assertionOf(await shownBy(made)), first);
    assert.deepEqual(codes(), ['credential_old']);
    advance(61);
    await assert.rejects(shownBy(made), isAuthError);
    assert.deepEqual(codes(), ['credential_old', 'credential_missing']);
    const next = tokenFor(seconds(), 600);
    file.write(next);
    assert.equal(assertionOf(await shownBy(made)), next);
    advance(600);
    // Nobody wrote a new one.
    await assert.rejects(shownBy(made), isAuthError);
    file.write(signCompact({ alg: 'ES256' }, { sub: 'a' }, createTestKey('ES256').privateKey, 'ES256'));
    await shownBy(made);
  });

  it('holds keys: what is written half is not used, a set publishes all and signs with the first', async () => {
    const [one, two] = [createTestKey('ES256', { kid: '1' }), createTestKey('ES256', { kid: '2' })];
    const [first, second] = [one, two].map(({ privateKey, kid }) => ({
      ...privateKey.export({ format: 'jwk' }),
      kid,
    }));
    const file = fileOf(JSON.stringify({ keys: [second, first, one.jwk] }));
    const { made } = make({ keyFile: file.path });
    const kidOf = async () =>
      (decode(String(assertionOf(await shownBy(made)).split('.')[0])) as { kid: string }).kid;
    assert.equal(await kidOf(), '2');
    const { keys } = await made.publicKeys();
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      ['2', '1'],
    );
    for (const half of [
      JSON.stringify(first).slice(0, 50),
      JSON.stringify(one.jwk),
      '-----BEGIN PRIVATE KEY-----',
      '{}',
    ]) {
      file.write(half);
      assert.equal(await kidOf(), '2');
    }
    file.write(JSON.stringify(first));
    assert.equal(await kidOf(), '1');
    // The keys before stay published, for assertions that are on their way.
    assert.deepEqual(
      (await made.publicKeys()).keys.map(({ kid }) => kid),
      ['1', '2', '1'],
    );
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
