import assert from 'node:assert/strict';
import { it } from 'node:test';
import { authenticate } from '../../packages/guard/src/core/index.ts';
import { createDpopClient } from '../support/dpop.ts';
import { assertRefused } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const URI = 'https://api.example.com/orders';
const realm = createTestRealm();
const client = createDpopClient();
const verifier = realm.verifier({ dpop: 'accepted', publicUrl: 'https://api.example.com' });
const token = realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });
const proofFor = (claims: Record<string, unknown>) =>
  client.proof({ token, uri: URI, now: realm.now }, { claims });
const send = (dpop: string) =>
  authenticate(verifier, {
    headers: { authorization: `DPoP ${token}`, dpop },
    method: 'GET',
    url: '/orders',
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
