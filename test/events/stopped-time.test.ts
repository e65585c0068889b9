import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stopTime } from '../support/passing-time.ts';

test('a timer that ran before time was stopped can be ended', async (t) => {
  let hasFired = false;
  const timer = setTimeout(() => {
    hasFired = true;
  }, 5);
  stopTime(t);
  clearTimeout(timer);
  const end = process.hrtime.bigint() + 20_000_000n;
  while (process.hrtime.bigint() < end) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(hasFired, false);
});
