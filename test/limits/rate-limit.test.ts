import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
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

test('of the networks of an address the one with the most requests counts, and beyond the limit no narrower one is counted', async () => {
  const keys: string[] = [];
  let hits: [totalHits: number, resetMs: number][] = [];
  const store: RateLimitStore = {
    async increment(key, windowMs) {
      assert.equal(windowMs, 60_000);
      keys.push(key);
      const [totalHits, resetMs] = hits.shift() as [number, number];
      return { totalHits, resetMs };
    },
  };
  const limit = createRateLimit({ name: 'x', limit: 5, secret: 's', store });
  hits = [
    [1, 500],
    [3, 1_001],
    [2, 9_000],
  ];
  const headers = { 'ratelimit-limit': '5', 'ratelimit-remaining': '2', 'ratelimit-reset': '2' };
  assert.deepEqual(await limit('2001:db8::1'), { isExceeded: false, headers });
  hits = [
    [5, 0],
    [6, 0],
    [7, 9_000],
  ];
  assert.deepEqual(await limit('2001:db8::1'), {
    isExceeded: true,
    headers: { ...headers, 'ratelimit-remaining': '0', 'ratelimit-reset': '1', 'retry-after': '1' },
  });
  assert.deepEqual([keys.length, hits.length], [5, 1]);
  assert.deepEqual(keys.slice(0, 2), keys.slice(3));
});

test('what is counted has a key of its own for each name, network, secret and purpose, which tells none of them', async () => {
  const keys: string[] = [];
  const store: RateLimitStore = {
    async increment(key) {
      keys.push(key);
      return { totalHits: 1, resetMs: 1 };
    },
  };
  const given = { name: 'x', limit: 1, secret: 's', store };
  for (const [options, address, of] of [
    [given, '192.0.2.1', undefined],
    [{ ...given, name: 'y' }, '192.0.2.1', undefined],
    [{ ...given, secret: 't' }, '192.0.2.1', undefined],
    [given, '192.0.2.2', undefined],
    [given, '192.0.2.1', 'ann'],
  ] as const)
    await createRateLimit(options)(address, of);
  assert.equal(new Set(keys).size, 5);
  for (const key of keys) assert.match(key, /^[\w-]{22}$/);
});

test('limits are checked at once', () => {
  const given = { name: 'x', limit: 1_000_000, secret: 's' };
  assert.doesNotThrow(() => createRateLimit(given));
  for (const wrong of [
    { limit: 1_000_001 },
    { limit: -1 },
    { limit: undefined },
    { secret: '' },
    { name: 7 },
  ])
    assert.throws(
      () => createRateLimit({ ...given, ...wrong } as never),
      OptionsError,
      JSON.stringify(wrong),
    );
});
