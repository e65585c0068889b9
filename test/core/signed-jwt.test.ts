import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertRefused } from '../support/refusal.ts';
import { createTestKey, encodePart, signBytes } from '../support/signing-keys.ts';
import { createTestRealm, rsa } from '../support/test-realm.ts';

const ec = createTestKey('ES256', { kid: 'ec-1' });
const realm = createTestRealm({ keys: [ec, rsa()] });
const verifier = realm.verifier({ tokenCheck: 'local' });
const ALGORITHMS = 'RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519';

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
