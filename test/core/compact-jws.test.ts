import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertRefused } from '../support/refusal.ts';
import { createTestKey, encodePart, signBytes } from '../support/signing-keys.ts';
import { createTestRealm } from '../support/test-realm.ts';

const ec = createTestKey('ES256', { kid: 'ec-1' });
const realm = createTestRealm({ keys: [ec] });
const verifier = realm.verifier({ tokenCheck: 'local' });

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

  it('has a header of at most 4 KiB: no key of a proof makes a longer one', async () => {
    const { reason } = await assertRefused(
      () => verifier.verify(`${'A'.repeat(4_097)}.A.A`),
      'token_malformed',
    );
    assert.equal(reason, 'The header of the token is longer than 4096 characters');
    const long = encodePart({ alg: 'ES256', kid: ec.kid, a: 'a'.repeat(3_000) });
    assert.ok(await verifier.verify(sign(long, encodePart(realm.claims()))));
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

it('a header is judged anew for every token, however many headers were good before', async (t) => {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  t.after(() => verifier.close());
  for (let n = 0; n < 150; n++) {
    const header = { n: n % 100 };
    assert.ok(await verifier.verify(realm.mint({}, { header })));
    await assertRefused(
      () => verifier.verify(realm.mint({}, { header: { ...header, crit: ['exp'] } })),
      'token_malformed',
    );
  }
  // The header of a good token, under an API that does not accept its algorithm.
  const strict = realm.verifier({ algorithms: ['RS256'] });
  await assertRefused(() => strict.verify(realm.mint({}, { header: { n: 99 } })), 'token_algorithm');
});
