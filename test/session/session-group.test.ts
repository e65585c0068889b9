import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tokens } from '../../packages/guard/src/client/index.ts';
import { toGroupKey } from '../../packages/guard/src/session/record/record.ts';
import { createTestRealm } from '../support/test-realm.ts';

const [realm, other] = [createTestRealm(), createTestRealm({ serverUrl: 'https://partner.example.com' })];
const tokensOf = (idToken: string) => ({ idToken, accessToken: '' }) as Tokens;

test('sessions of one login share a bound in one app, and not with another app or another realm', () => {
  const tokens = tokensOf(realm.mint({ sid: 's1' }));
  assert.equal(toGroupKey(tokens, 'shop'), toGroupKey(tokensOf(realm.mint({ sid: 's1' })), 'shop'));
  const keys = [
    toGroupKey(tokens, 'shop'),
    toGroupKey(tokens, 'back-office'),
    toGroupKey(tokensOf(realm.mint({ sid: 's2' })), 'shop'),
    toGroupKey(tokensOf(other.mint({ sid: 's1' })), 'shop'),
  ];
  assert.equal(new Set(keys).size, keys.length);
});
