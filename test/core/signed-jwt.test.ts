import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertRefused, refusalOf } from '../support/refusal.ts';
import { createTestKey, encodePart, signBytes } from '../support/signing-keys.ts';
import { createTestRealm, rsa } from '../support/test-realm.ts';

const ec = createTestKey('ES256', { kid: 'ec-1' });
const realm = createTestRealm({ keys: [ec, rsa()] });
const verifier = realm.verifier({ tokenCheck: 'local' });
const ALGORITHMS = 'RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519';

/** Signs the segments as they are written. */
function sign(header: string, payload: string): string {
  const input = `${header}.${payload}`;
  return `${input}.${signBytes(input, ec.privateKey, 'ES256').toString('base64url')}`;
}

const NOT_COMPACT = 'The token is not a signed JWT in compact form';
const HEADER = encodePart({ alg: 'ES256', typ: 'JWT', kid: ec.kid });

/** The last letter of a segment, with bits that no byte needs. */
function respell(segment: string): string {
  assert.notEqual(segment.length % 4, 0);
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return segment.slice(0, -1) + letters[letters.indexOf(segment.at(-1) as string) + 1];
}

describe('the form of a token', () => {
  it('is too long from 64 KiB on, whatever is in it', async () => {
    const reasonOf = async (token: string) =>
      (await assertRefused(() => verifier.verify(token), 'token_malformed')).reason;
    assert.equal(await reasonOf('x'.repeat(65_537)), 'The token is longer than 65536 characters');
    assert.equal(await reasonOf('x'.repeat(65_536)), NOT_COMPACT);
  });

  it('has one spelling for each segment, though the key of the realm signed another', async () => {
    // Neither ends with a whole letter.
    const [header, payload] = [{ alg: 'ES256', kid: ec.kid, a: '' }, realm.claims({ a: '' })];
    for (const part of [header, payload]) while (encodePart(part).length % 4 === 0) part.a += 'a';
    const [first, second] = [encodePart(header), encodePart(payload)] as const;
    assert.ok(await verifier.verify(sign(first, second)));
    for (const token of [
      sign(respell(first), second),
      sign(first, respell(second)),
      sign(`${HEADER}A`.padEnd(HEADER.length + 1 + ((4 - (HEADER.length % 4)) % 4), 'A'), second),
      sign(first, second).replace(/.$/, (letter) => respell(`a${letter}`).slice(1)),
    ]) {
      const { reason } = await assertRefused(() => verifier.verify(token), 'token_malformed');
      assert.equal(reason, NOT_COMPACT);
    }
  });

  it('is that of a signed JWT: the refusal of an encrypted one says so', async () => {
    const { expected } = await assertRefused(() => verifier.verify('a.b.c.d.e'), 'token_encrypted');
    assert.equal(expected, 'a signed JWT');
  });
});

describe('the header of a token', () => {
  it('names the one algorithm of its key: a signature that another made is refused, though it is good', async () => {
    const header = encodePart({ alg: 'RS384', kid: rsa().kid });
    const input = `${header}.${encodePart(realm.claims())}`;
    for (const alg of ['RS384', 'RS256']) {
      const token = `${input}.${signBytes(input, rsa().privateKey, alg).toString('base64url')}`;
      const { expected, seen } = await assertRefused(() => verifier.verify(token), 'token_algorithm');
      assert.deepEqual([expected, seen], ['alg RS256', 'alg RS384']);
    }
  });

  for (const [header, code, expected] of [
    [{ crit: ['exp'] }, 'token_malformed', 'no crit, no b64'],
    [{ b64: true }, 'token_malformed', 'no crit, no b64'],
    [{ alg: 'none' }, 'token_algorithm', ALGORITHMS],
    [{ alg: ['ES256'] }, 'token_algorithm', ALGORITHMS],
    [{ typ: 'dpop+jwt' }, 'token_type', String.raw`header typ ^(application\/)?(JWT|at\+jwt)$`],
    [{ typ: ['JWT'] }, 'token_type', String.raw`header typ ^(application\/)?(JWT|at\+jwt)$`],
    [{ kid: undefined }, 'token_key_unknown', 'header kid'],
    [{ kid: [ec.kid] }, 'token_key_unknown', 'header kid'],
  ] as const) {
    it(`is refused as ${code} with ${JSON.stringify(header)}, and the log learns what was expected`, async () => {
      const error = await assertRefused(() => verifier.verify(realm.mint({}, { header })), code);
      assert.equal(error.expected, expected);
    });
  }

  it('with an unknown key tells the log which realm the token says it is of, where that is another', async () => {
    const header = { kid: 'unknown' };
    for (const [iss, seen] of [
      [realm.issuer, undefined],
      ['https://other.example.com', 'iss https://other.example.com'],
      [undefined, 'iss missing'],
      [null, 'iss missing'],
      [7, 'iss of type number'],
    ]) {
      const error = await assertRefused(
        () => verifier.verify(realm.mint({ iss }, { header })),
        'token_key_unknown',
      );
      assert.deepEqual([error.expected, error.seen], [seen && `iss ${realm.issuer}`, seen]);
    }
    const garbage = realm.mint({}, { header, payload: 'no JSON' });
    const { seen } = await assertRefused(() => verifier.verify(garbage), 'token_key_unknown');
    assert.equal(seen, undefined);
  });
});

describe('the times of a token', () => {
  const { now } = realm;
  for (const [claims, code, seen] of [
    [{ exp: now - 4 }],
    [{ exp: now - 5 }, 'token_expired', `exp ${now - 5}`],
    [{ nbf: now + 5 }],
    [{ nbf: now + 6 }, 'token_not_yet_valid', `nbf ${now + 6}`],
    [{ nbf: now - 400 }],
    [{ exp: String(now + 60) }, 'token_claims'],
    [{ exp: undefined }, 'token_claims'],
    [{ exp: null }, 'token_claims'],
    [{ exp: 0 }, 'token_expired', 'exp 0'],
    [{ exp: 1e11 }],
    [{ exp: 1e11 + 1 }, 'token_claims'],
    [{ nbf: 'soon' }, 'token_claims'],
    [{ iat: [now] }, 'token_claims'],
    [{ iat: undefined }],
  ] as const) {
    it(`count with a tolerance of five seconds: ${JSON.stringify(claims)} is ${code ?? 'good'}`, async () => {
      const token = realm.mint(claims);
      if (code === undefined) return void assert.ok(await verifier.verify(token));
      const error = await refusalOf(() => verifier.verify(token));
      assert.deepEqual([error.code, error.seen], [code, seen]);
    });
  }

  it('are numbers that end', async () => {
    const payload = JSON.stringify(realm.claims()).replace(/"exp":\d+/, '"exp":1e999');
    await assertRefused(() => verifier.verify(realm.mint({}, { payload })), 'token_claims');
  });
});
