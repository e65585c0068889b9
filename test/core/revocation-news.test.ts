import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Revocation } from '../../packages/guard/src/core/index.ts';
import {
  createEpoch,
  createRevocationList,
} from '../../packages/guard/src/core/revocation/revocation-list.ts';

const issuer = 'https://sso.example.com/realms/testing';

test('what is heard again by way of others is no news, in whatever order; first hand, each change is a reason to ask', () => {
  const list = createRevocationList(createEpoch());
  const change = (setAt: number): Revocation => ({
    ...{ type: 'change', issuer, subject: 'u1', effect: 'ask', issuedUntil: Math.floor(setAt), setAt },
  });
  const token = { iss: issuer, sub: 'u1', iat: 1000 };
  const since = () => list.judge(token)?.since;
  const [first, second] = [change(2000.1), change(2000.4)];
  assert.deepEqual(
    [first, second, first, second, change(1999)].map((one) => list.add({ ...one })),
    [true, true, false, false, false],
  );
  assert.equal(since(), 2);
  // Other processes need not be told of it: where they keep to the events, they hear of it themselves.
  assert.equal(list.add(change(1999), true), false);
  assert.equal(since(), 3);
  assert.equal(list.add({ ...second }, true), false);
  assert.equal(since(), 3);
  assert.equal(list.judge({ ...token, iat: 2000 })?.since, 3, 'what was known is still known');
});
