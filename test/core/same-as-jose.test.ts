import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { importJWK, type JWTVerifyOptions, jwtVerify } from 'jose';
import { type SignedJwtRules, verifySignedJwt } from '../../packages/guard/src/core/jwt/signed-jwt.ts';
import { createTestKey, signCompact, type TestKey } from '../support/signing-keys.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** jose is the judge here: another code, read by many. What it accepts we accept, with the same claims. */
const ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');
const signers = ALGORITHMS.map((alg) => createTestKey(alg, { kid: alg }));
const judgeKeys = new Map(signers.map(({ jwk, alg }) => [alg, importJWK(jwk, alg)]));
const realm = createTestRealm({ keys: signers });
const { context } = realm.verifier({ tokenCheck: 'local' });

async function ours(token: string, rules: SignedJwtRules): Promise<unknown> {
  const { claims } = await verifySignedJwt(token, context, rules).catch(() => ({ claims: null }));
  // Ours has no prototype.
  return claims && { ...claims };
}

async function theirs(token: string, key: TestKey, rules: SignedJwtRules): Promise<unknown> {
  const { headerTypes: _, issuer, maxAgeSeconds, requiredClaims = [], ...rest } = rules;
  const options: JWTVerifyOptions = {
    ...rest,
    requiredClaims: [...requiredClaims],
    ...(issuer && { issuer: issuer() }),
    ...(maxAgeSeconds !== undefined && { maxTokenAge: maxAgeSeconds }),
    algorithms: [key.alg],
    clockTolerance: context.options.clockToleranceSeconds,
    currentDate: new Date(realm.clock()),
  };
  return jwtVerify(token, await (judgeKeys.get(key.alg) as ReturnType<typeof importJWK>), options).then(
    ({ payload }) => payload,
    () => null,
  );
}

async function assertSame(token: string, key: TestKey, rules: SignedJwtRules): Promise<unknown> {
  const [mine, judge] = await Promise.all([ours(token, rules), theirs(token, key, rules)]);
  assert.deepEqual(mine, judge, token);
  return mine;
}

const asIs: SignedJwtRules = { headerTypes: /^JWT$/ };
const nobody = { sub: 'somebody' };

describe('a signed JWT is judged as jose judges it', () => {
  before(async () => {
    for (const { kid } of signers) await context.keys.find(kid);
  });

  for (const key of signers) {
    it(`${key.alg}: accepted whole, refused with any bit of the signature turned, cut or grown`, async () => {
      const token = signCompact({ alg: key.alg, kid: key.kid }, nobody, key.privateKey, key.alg);
      assert.deepEqual(await assertSame(token, key, asIs), nobody);
      const input = token.slice(0, token.lastIndexOf('.'));
      const signature = Buffer.from(token.slice(input.length + 1), 'base64url');
      const withSignature = (bytes: Buffer) => `${input}.${bytes.toString('base64url')}`;
      const { length } = signature;
      const others = [
        ...[0, 1, length - 1, length / 2].map((size) => signature.subarray(0, size)),
        Buffer.concat([signature, Buffer.from([0])]),
        Buffer.concat([Buffer.from([0]), signature]),
        Buffer.alloc(length),
        Buffer.alloc(length, 0xff),
        Buffer.concat([Buffer.alloc(length / 2), signature.subarray(length / 2)]),
        Buffer.concat([signature.subarray(0, length / 2), Buffer.alloc(length / 2)]),
      ];
      for (let bit = 0; bit < length * 8; bit += length > 200 ? 41 : 13) {
        const turned = Buffer.from(signature);
        turned[bit >> 3] = (turned[bit >> 3] as number) ^ (1 << (bit & 7));
        others.push(turned);
      }
      for (const other of others) assert.equal(await assertSame(withSignature(other), key, asIs), null);
    });
  }

  it('a key is good for its one algorithm: RS256 is not PS256, nor RS512', async () => {
    for (const [alg, other] of [
      ['RS256', 'PS256'],
      ['PS256', 'RS256'],
      ['RS256', 'RS512'],
      ['PS384', 'PS512'],
    ] as const) {
      const key = signers.find((one) => one.alg === alg) as TestKey;
      // Signed in the other way, and said to be signed in this one.
      const token = signCompact({ alg, kid: key.kid }, nobody, key.privateKey, other);
      assert.equal(await assertSame(token, key, asIs), null);
    }
  });

  it('whatever its claims are, and whatever is asked of them', async () => {
    const key = signers.find(({ alg }) => alg === 'ES256') as TestKey;
    const { now } = realm;
    const time = (from: number, to: number) =>
      fc.oneof(
        { weight: 20, arbitrary: fc.integer({ min: now + from, max: now + to }) },
        { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
        { weight: 1, arbitrary: fc.constantFrom<unknown>(null, '1', [], {}, true, -1, 0, 1e300) },
      );
    const name = fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom<unknown>('us', ['us'], ['them', 'us']) },
      { weight: 1, arbitrary: fc.constantFrom<unknown>('them', ['them'], [], null, 1, ['us '], { us: 1 }) },
    );
    const claims = fc.record(
      {
        iss: name,
        aud: name,
        exp: time(-8, 20),
        nbf: time(-20, 8),
        iat: time(-20, 8),
        jti: fc.constantFrom('1', null),
      },
      { requiredKeys: [] },
    );
    const rules = fc.record(
      {
        issuer: fc.constant(() => 'us'),
        audience: fc.constant('us'),
        requiredClaims: fc.subarray(['exp', 'iat', 'jti']),
        maxAgeSeconds: fc.constantFrom(0, 100),
      },
      { requiredKeys: [] },
    );
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(claims, rules, async (payload, asked) => {
        const token = signCompact({ alg: 'ES256', kid: key.kid }, payload, key.privateKey, 'ES256');
        if ((await assertSame(token, key, { ...asIs, ...asked })) !== null) accepted++;
      }),
      { numRuns: 1_000, seed: 21 },
    );
    assert.ok(accepted > 70, `the claims of only ${accepted} of 1,000 were good`);
  });

  it('whatever its payload is: other JSON, no JSON, numbers beyond all, broken UTF-8, members twice', async () => {
    const key = signers.find(({ alg }) => alg === 'EdDSA') as TestKey;
    const payloads = [
      ...['', ' ', 'null', '1', '"x"', '[]', '[{}]', '{}', ' {} ', '{}x', '{', '{"a":1e999}'],
      '{"sub":"\\ud800"}',
      '{"sub":"one","sub":"two"}',
      '{"__proto__":{"exp":1}}',
      Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xc3, 0x28, 0x22, 0x7d]),
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      Buffer.from('{"sub":"x"}', 'utf16le'),
    ];
    for (const payload of payloads) {
      const token = signCompact({ alg: 'EdDSA', kid: key.kid }, payload, key.privateKey, 'EdDSA');
      await assertSame(token, key, asIs);
    }
  });

  it('but for a byte order mark, which RFC 8259 §8.1 forbids, and times without end, which jose lets pass', async () => {
    const key = signers.find(({ alg }) => alg === 'EdDSA') as TestKey;
    for (const payload of ['\ufeff{}', '{"exp":1e999}', '{"nbf":-1e999}', '{"iat":1e999}']) {
      const token = signCompact({ alg: 'EdDSA', kid: key.kid }, payload, key.privateKey, 'EdDSA');
      assert.notEqual(await theirs(token, key, asIs), null);
      assert.equal(await ours(token, asIs), null);
    }
  });
});
