import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  findInvalid,
  isRequiredOf,
  type ProfileAttribute,
} from '../../packages/cli/src/doctor/evidence/admin.ts';

const both = { edit: ['admin', 'user'] };

function whyNot(value: string, validations: ProfileAttribute['validations'], more: ProfileAttribute = {}) {
  const attribute = { name: 'a', permissions: both, ...(validations && { validations }), ...more };
  return findInvalid({ a: [value] }, [attribute], undefined)[0]?.why;
}

test('values are held against the validators of the user profile, and none of them is shown', () => {
  for (const [value, validations, why] of [
    ['abcd', { length: { max: '3' } }, 'is longer than 3 characters'],
    ['ab', { length: { min: 3 } }, 'is shorter than 3 characters'],
    ['x1', { pattern: { pattern: '[a-z]+' } }, 'does not match [a-z]+'],
    ['red', { options: { options: ['blue'] } }, 'is none of the options'],
    ['anna', { email: {} }, 'is no email address'],
    ['A<b>', { 'person-name-prohibited-characters': {} }, 'has characters that no name may have'],
    ['a b', { 'username-prohibited-characters': {} }, 'has characters that no user name may have'],
  ] as const) {
    assert.equal(whyNot(value, validations), why);
  }
});

test('what is good, empty, or not known here is no trouble', () => {
  for (const [value, validations] of [
    ["Anna-Lena O'Neil", { 'person-name-prohibited-characters': {}, length: { max: 255 } }],
    ['anna@example.com', { email: {}, 'username-prohibited-characters': {} }],
    ['', { length: { min: 3 }, email: {} }],
    ['x', { 'a-validator-of-their-own': {} }],
    ['x', { pattern: { pattern: '(?<!' } }],
    ['x', { constructor: {} }],
  ] as const) {
    assert.equal(whyNot(value, validations), undefined);
  }
});

test('what users may not write themselves is not asked of them', () => {
  assert.equal(whyNot('abcd', { length: { max: 3 } }, { permissions: { edit: ['admin'] } }), undefined);
  const long = { notes: ['x'.repeat(2_049)] };
  for (const [policy, count] of [
    ['ENABLED', 1],
    ['ADMIN_EDIT', 0],
    ['ADMIN_VIEW', 0],
    [undefined, 0],
  ] as const) {
    assert.equal(findInvalid(long, [], policy).length, count);
  }
  assert.deepEqual(findInvalid({ notes: ['x'.repeat(2_048)] }, [], 'ENABLED'), []);
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
