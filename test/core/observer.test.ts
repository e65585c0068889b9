import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ObservedVerifier, Observer } from '../../packages/guard/src/core/internal.ts';
import { assertAtOnce } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

it('an observer runs the checks of tokens that are not in memory, reads the numbers, and hears of the close', async () => {
  const realm = createTestRealm();
  const seen: string[] = [];
  let watched: ObservedVerifier | undefined;
  const observer = (name: string): Observer => ({
    watch(verifier) {
      watched = verifier;
      return () => seen.push(`${name} ends`);
    },
    async check(check) {
      seen.push(`${name} begins`);
      const found = await check();
      seen.push(`${name} is done`);
      return found;
    },
  });
  const verifier = realm.verifier({ observers: [observer('one'), { event() {} }, observer('two')] });
  const token = realm.mint();
  assert.equal((await verifier.verify(token)).username, 'abdullah');
  assert.deepEqual(seen.splice(0), ['two begins', 'one begins', 'one is done', 'two is done']);
  assertAtOnce(verifier.verify(token));
  assert.deepEqual(seen, []);
  assert.equal(watched?.stats.cacheHits, 1);
  assert.equal(watched?.status().cachedTokens, 1);
  await verifier.close();
  assert.deepEqual(seen, ['one ends', 'two ends']);
});
