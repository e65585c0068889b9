import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRequiredOf } from '../../packages/cli/src/doctor/evidence/admin.ts';

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
