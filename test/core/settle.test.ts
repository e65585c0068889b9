import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle, settleAll } from '../../packages/guard/src/core/internal.ts';

const told = (what: string) => (value: unknown) => `${what} ${(value as Error).message ?? value}`;
const fails = (): never => {
  throw new Error('no');
};

test('what a call gives at once is taken at once, and so is its failure', () => {
  assert.equal(
    settle(() => 1, told('took'), told('refused')),
    'took 1',
  );
  assert.equal(settle(fails, told('took'), told('refused')), 'refused no');
});

test('a promise is waited for, and so is its failure', async () => {
  assert.equal(await settle(async () => 1, told('took'), told('refused')), 'took 1');
  assert.equal(await settle(async () => fails(), told('took'), told('refused')), 'refused no');
});

test('an error of whoever takes the value is no failure of the call', async () => {
  assert.throws(() => settle(() => 1, fails, told('refused')), { message: 'no' });
  await assert.rejects(async () => settle(async () => 1, fails, told('refused')), { message: 'no' });
});

test('of several, all are waited for, and the first failure in their order is told', async () => {
  assert.deepEqual(await settleAll([1, Promise.resolve(2)]), [1, 2]);
  const late = new Promise<never>((_, reject) => setImmediate(() => reject(new Error('late'))));
  await assert.rejects(settleAll([late, Promise.reject(new Error('early'))]), { message: 'late' });
});
