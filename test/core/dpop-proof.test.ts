import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProofKeys } from '../../packages/guard/src/core/binding/dpop-proof.ts';
import { authenticate } from '../../packages/guard/src/core/index.ts';
import { dpopAttacks } from '../attacks/dpop-attacks.ts';
import { createDpopClient } from '../support/dpop.ts';
import { assertRefused } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const URI = 'http://api.example.com/orders';
const realm = createTestRealm();
const client = createDpopClient();
const verifier = realm.verifier({ dpop: 'accepted', publicUrl: 'http://api.example.com' });
const token = realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });
const proofFor = (claims: Record<string, unknown>) =>
  client.proof({ token, uri: URI, now: realm.now }, { claims });
const send = (dpop: string | undefined) =>
  authenticate(verifier, {
    headers: { authorization: `DPoP ${token}`, ...(dpop !== undefined && { dpop }) },
    method: 'GET',
    url: '/orders',
  });

describe('RFC 9449 §4.3, each step', () => {
  const scene = { client, token, otherToken: realm.mint(), uri: URI, now: () => realm.now };
  for (const { step, what, proof, code } of dpopAttacks(scene)) {
    it(`step ${step}: refuses ${what}`, async () => {
      await assertRefused(() => send(proof()), code);
    });
  }
});

describe('the header of a proof', () => {
  const ALGORITHMS = 'RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519';
  const { crv, kty, x, y } = client.key.jwk;
  for (const [header, why, expected] of [
    [{ typ: 'JWT' }, 'its typ is not dpop+jwt'],
    [{ crit: [] }, 'it asks for an extension of JWS'],
    [{ b64: true }, 'it asks for an extension of JWS'],
    [{ alg: 'HS256' }, 'its algorithm is not accepted', `alg ${ALGORITHMS}`],
    [{ alg: ['ES256'] }, 'its algorithm is not accepted', `alg ${ALGORITHMS}`],
    [{ jwk: undefined }, 'it has no jwk'],
    [{ jwk: null }, 'it has no jwk'],
    [{ jwk: 'a key' }, 'it has no jwk'],
    [{ jwk: { crv, kty, x, y, d: 'AA' } }, 'its jwk is not public'],
    [{ jwk: { kty: 'oct', k: 'AA' } }, 'its jwk is not public'],
    [{ jwk: { kty: 'oct' } }, 'its jwk is of a kind that signs nothing'],
    [{ jwk: { kty: 'toString' } }, 'its jwk is of a kind that signs nothing'],
    [{ jwk: { kty: ['EC'], crv, x, y } }, 'its jwk is of a kind that signs nothing'],
    [{ jwk: { crv, kty, x } }, 'its jwk is not whole'],
    [{ jwk: { crv, kty, x, y: 7 } }, 'its jwk is not whole'],
  ] as const) {
    it(`is refused with ${JSON.stringify(header).slice(0, 60)}, and the log learns why`, async () => {
      const proof = client.proof({ token, uri: URI, now: realm.now }, { header });
      const error = await assertRefused(() => send(proof), 'dpop_proof_invalid');
      assert.deepEqual([error.reason, error.expected], [`The DPoP proof is not valid: ${why}`, expected]);
    });
  }
});

it('the refusal of a proof says which claim is missing or not of its type', async () => {
  for (const [claim, ...values] of [
    ['jti', undefined, '', 7, 'x'.repeat(513)],
    ['htm', undefined, 1],
    ['htu', undefined, [URI]],
    ['iat', undefined, String(realm.now)],
    ['ath', undefined, 7],
  ] as const) {
    for (const value of values) {
      const proof = proofFor({ [claim]: value });
      const error = await assertRefused(() => send(proof), 'dpop_proof_invalid');
      assert.equal(
        error.reason,
        `The DPoP proof is not valid: the claim ${claim} is missing or not of its type`,
      );
    }
  }
  await send(proofFor({ jti: 'x'.repeat(512) }));
});

it('a header that is longer than those of keys is read anew each time: whoever has a token could fill the memory', () => {
  const keys = createProofKeys();
  const kept = ({ length }: { readonly length: number }) => {
    const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: client.key.jwk, a: 'a'.repeat(length) };
    const segment = Buffer.from(JSON.stringify(header)).toString('base64url');
    const key = keys.read(segment);
    keys.keep(segment, key);
    return keys.read(segment) === key;
  };
  assert.deepEqual([{ length: 0 }, { length: 2_000 }].map(kept), [true, false]);
});
