import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTooLong, isRequiredOf } from '../../packages/cli/src/doctor/evidence/admin.ts';

test('attributes outside the profile have a bound, where users may write them', () => {
  const profile = (unmanagedAttributePolicy: string | undefined, attributes: readonly object[] = []) =>
    ({ attributes, unmanagedAttributePolicy }) as Parameters<typeof findTooLong>[1];
  const long = { notes: ['x', 'x'.repeat(2_049)], other: ['x'] };
  assert.deepEqual(findTooLong(long, profile('ENABLED')), ['notes']);
  assert.deepEqual(findTooLong(long, profile('ENABLED', [{ name: 'notes' }])), []);
  for (const policy of ['ADMIN_EDIT', 'ADMIN_VIEW', undefined])
    assert.deepEqual(findTooLong(long, profile(policy)), []);
  assert.deepEqual(findTooLong({ notes: ['x'.repeat(2_048)] }, profile('ENABLED')), []);
});

test('an attribute can be required of users, of some scopes, or of nobody', () => {
  const scopes = ['profile'];
  assert.equal(isRequiredOf({ required: {} }, scopes), true);
  assert.equal(isRequiredOf({ required: { roles: ['user'] } }, scopes), true);
  assert.equal(isRequiredOf({ required: { roles: ['admin'] } }, scopes), false);
  assert.equal(isRequiredOf({ required: { scopes: ['phone'] } }, scopes), false);
  assert.equal(isRequiredOf({ required: {}, selector: { scopes: ['phone'] } }, scopes), false);
  assert.equal(isRequiredOf({ required: {}, selector: { scopes: ['profile'] } }, scopes), true);
  assert.equal(isRequiredOf({}, scopes), false);
});
