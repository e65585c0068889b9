import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertRefused, refusalOf } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const realm = createTestRealm();
const verifier = realm.verifier({ tokenCheck: 'local' });

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
