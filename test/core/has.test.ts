import assert from 'node:assert/strict';
import { test } from 'node:test';
import { has, OptionsError } from '../../packages/guard/src/core/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

const realm = createTestRealm();
const somebody = await realm.verifier().verify(
  realm.mint({
    realm_access: { roles: ['user'] },
    resource_access: { 'my-api': { roles: ['reader'] } },
    acr: 'silver',
    auth_time: realm.now,
  }),
);

test('has says yes to who meets the requirements, and no to who does not, and to nobody', () => {
  assert.equal(has(somebody, { realmRole: 'user' }), true);
  assert.equal(has(somebody, { realmRole: 'admin' }), false);
  for (const nobody of [null, undefined]) {
    for (const wanted of [{ realmRole: 'user' }, {}]) assert.equal(has(nobody, wanted), false);
  }
});

test('has takes a role without a client for one of the client it is told', () => {
  const requirements = { clientRole: 'reader' };
  for (const [clientId, expected] of [
    ['my-api', true],
    ['another', false],
    ['my-api', true],
  ] as const)
    assert.equal(has(somebody, requirements, clientId), expected, clientId);
});

test('has judges a sign-in by the rules it is told, though the requirements are the same', () => {
  const requirements = { acr: ['silver'] };
  const rulesOf = (levels: Record<string, number>) => ({ acrLevels: levels, clock: () => realm.clock() });
  assert.equal(has(somebody, requirements, 'my-api'), true);
  assert.equal(has(somebody, requirements, 'my-api', rulesOf({ silver: 1, gold: 2 })), true);
});

test('has judges by what the requirements say now, though the object is the same', () => {
  const requirements = { realmRole: 'user' };
  assert.equal(has(somebody, requirements), true);
  requirements.realmRole = 'admin';
  assert.equal(has(somebody, requirements), false);
});

test('has tells of a misspelt requirement and of a check that fails, for a no would hide them', () => {
  assert.throws(() => has(somebody, { realmRoles: 'user' } as never), OptionsError);
  assert.throws(() => has(null, { realmRole: '' }), OptionsError);
  const check = () => {
    throw new RangeError('a fault of the check');
  };
  assert.throws(() => has(somebody, { check }), RangeError);
});
