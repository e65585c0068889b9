import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenOf } from '../../packages/guard/src/core/internal.ts';
import { startLoaded } from '../support/test-realm.ts';

test('the token of a principal is known here, also after Keycloak has added claims, and not of a copy', async () => {
  const { realm, verifier } = await startLoaded();
  const token = realm.mint({ preferred_username: undefined });
  realm.introspect = () => ({ active: true, preferred_username: 'abdullah' });
  const principal = await verifier.verify(token);
  assert.equal(principal.username, 'abdullah');
  assert.equal(tokenOf(principal), token);
  assert.equal(tokenOf({ ...principal }), undefined);
  assert.ok(!JSON.stringify(principal).includes(token));
});
