import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLoginLimits } from '../../packages/guard/src/limits/index.ts';
import { createMemoryRateLimitStore } from '../../packages/guard/src/limits/rate-limit.ts';

const SECRET = 'a secret for tests, of more than 32 characters';

test('one address can name so many users that no counter of another one is forgotten for them', async () => {
  // Room for a minute of one address, at the limits that count by default.
  const store = createMemoryRateLimitStore(1_000, () => 0);
  const limits = createLoginLimits({ store }, SECRET);
  const isLetThrough = async (address: string, username: string): Promise<boolean> =>
    !(await limits.byAddress(address))?.isExceeded && !(await limits.byUser(address, username))?.isExceeded;
  for (let i = 0; i < 100; i++) assert.equal(await isLetThrough('192.0.2.1', 'anna'), true);
  assert.equal(await isLetThrough('192.0.2.1', 'anna'), false);
  let passed = 0;
  for (let i = 0; i < 20_000; i++) if (await isLetThrough('203.0.113.7', `user-${i}`)) passed++;
  assert.equal(passed, 300);
  assert.equal(await isLetThrough('192.0.2.1', 'anna'), false, 'it was forgotten');
  assert.equal(await isLetThrough('192.0.2.1', 'bert'), true, 'the others at that address');
});
