import assert from 'node:assert/strict';
import { it } from 'node:test';
import { principalOf } from '../../packages/guard/src/core/index.ts';
import { assertRefused } from '../support/refusal.ts';
import { startLoaded } from '../support/test-realm.ts';

it('the principal of a request is the one that a guard has set', async () => {
  const { realm, verifier } = await startLoaded();
  const principal = await verifier.verify(realm.mint());
  assert.equal(principalOf({ principal }), principal);
  await verifier.close();
});

for (const principal of [null, undefined]) {
  it(`where the principal is ${principal}, the request is refused, as one without a token`, async () => {
    const error = await assertRefused(async () => principalOf({ principal }), 'missing_token');
    assert.equal(error.statusCode, 401);
    assert.deepEqual(error.headers, { 'www-authenticate': 'Bearer' });
  });
}
