import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createLoginLimits,
  createRateLimit,
  type RateLimitStore,
} from '../../packages/guard/src/limits/index.ts';
import { createMemoryRateLimitStore } from '../../packages/guard/src/limits/rate-limit.ts';

test('a window begins with its first count, and what is too much makes room', () => {
  let now = 1_000;
  const store = createMemoryRateLimitStore(2, () => now);
  assert.deepEqual(store.increment('a', 100), { totalHits: 1, resetMs: 100 });
  now += 40;
  assert.deepEqual(store.increment('a', 100), { totalHits: 2, resetMs: 60 });
  now += 60;
  assert.deepEqual(store.increment('a', 100), { totalHits: 1, resetMs: 100 });
  store.increment('b', 100);
  store.increment('c', 100);
  assert.equal(store.increment('a', 100).totalHits, 1, 'the one that began first made room');
});

test('while the store does not answer each process counts for itself, and nobody has no limit', async () => {
  let isAway = false;
  const memory = createMemoryRateLimitStore();
  const store: RateLimitStore = {
    async increment(...given) {
      if (isAway) throw new Error('away');
      return memory.increment(...given);
    },
  };
  const limit = createRateLimit({ name: 'x', limit: 2, secret: 's', store });
  const isExceeded = async () => (await limit('192.0.2.1'))?.isExceeded;
  assert.equal(await isExceeded(), false);
  isAway = true;
  assert.deepEqual([await isExceeded(), await isExceeded(), await isExceeded()], [false, false, true]);
  isAway = false;
  assert.deepEqual([await isExceeded(), await isExceeded()], [false, true]);
});

test('an address that is not known counts as one, a user name that is no string as well', async () => {
  const { byAddress, byUser } = createLoginLimits({ loginsPerAddress: 1, loginsPerUser: 1 }, 's');
  assert.equal((await byAddress(undefined))?.isExceeded, false);
  assert.equal((await byAddress(''))?.isExceeded, true);
  assert.equal((await byUser('192.0.2.1', ['bob']))?.isExceeded, false);
  assert.equal((await byUser('192.0.2.1', undefined))?.isExceeded, true);
  assert.equal((await byUser('192.0.2.1', 'bob'))?.isExceeded, false);
});

test('0 is no limit', async () => {
  assert.equal(await createRateLimit({ name: 'x', limit: 0, secret: 's' })('192.0.2.1'), undefined);
});

test('a store that says something else than a count opens nothing', async () => {
  for (const said of [
    undefined,
    null,
    {},
    { totalHits: '1', resetMs: 1 },
    { totalHits: Number.NaN, resetMs: 1 },
    { totalHits: 1 },
  ]) {
    const store = { increment: async () => said } as unknown as RateLimitStore;
    const limit = createRateLimit({ name: 'x', limit: 1, secret: 's', store });
    const seen = [(await limit('192.0.2.1'))?.isExceeded, (await limit('192.0.2.1'))?.isExceeded];
    assert.deepEqual(seen, [false, true], JSON.stringify(said));
  }
});
