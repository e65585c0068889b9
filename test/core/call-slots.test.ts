import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createCallSlots } from '../../packages/guard/src/core/runtime/concurrency.ts';
import { settle } from '../support/refusal.ts';

/** The timers of slots keep no process alive. */
function start(t: TestContext, size: number, timeoutMs = 20) {
  const alive = setInterval(() => {}, 1_000);
  t.after(() => clearInterval(alive));
  return createCallSlots(size, timeoutMs);
}

test('a user with slow calls waits for their own slot, and others do not', async (t) => {
  const slots = start(t, 8);
  assert.equal(await slots.enter('slow'), true);
  assert.equal(slots.tryEnter('slow'), false);
  assert.equal(await slots.enter('slow'), false);
  assert.equal(await slots.enter('other'), true);
  slots.leave('slow');
  assert.equal(await slots.enter('slow'), true);
});

test('if all slots are taken, a user who gives up keeps none', async (t) => {
  const slots = start(t, 1);
  assert.equal(await slots.enter(), true);
  assert.equal(await slots.enter('one'), false);
  slots.leave();
  assert.equal(slots.tryEnter('one'), true);
});

test('calls that concern no user may take all slots, and then one of a user waits for them', async (t) => {
  const slots = start(t, 8, 5_000);
  for (let i = 0; i < 4; i++) assert.equal(slots.tryEnter(), true);
  for (let i = 0; i < 4; i++) assert.equal(await slots.enter(), true);
  assert.deepEqual([slots.tryEnter(), slots.tryEnter('one')], [false, false]);
  const order: string[] = [];
  const enter = (name: string) => slots.enter(name).then((isIn) => order.push(`${name} ${isIn}`));
  const all = ['first', 'second'].map(enter);
  for (let left = 1; left <= 2; left++) {
    slots.leave();
    await all[left - 1];
    assert.equal(order.length, left);
  }
  assert.deepEqual(order, ['first true', 'second true']);
  slots.leave('first');
  assert.equal(slots.tryEnter('first'), true);
});

test('the wait for the own slot and that for one of all are one wait', async (t) => {
  const slots = start(t, 1, 60_000);
  assert.equal(slots.tryEnter(), true);
  const times = [1_000, 60_990];
  t.mock.method(performance, 'now', () => times.shift());
  assert.equal(await slots.enter('one'), false);
});

test('a user with two calls, one of which is over, may have one more', (t) => {
  const slots = start(t, 16);
  for (const isFree of [true, true, false]) assert.equal(slots.tryEnter('one'), isFree);
  slots.leave('one');
  for (const isFree of [true, false]) assert.equal(slots.tryEnter('one'), isFree);
});

test('a slot that is free before the wait is over is given to who waits', async (t) => {
  const slots = start(t, 1, 1_000);
  assert.equal(slots.tryEnter(), true);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const waiting = slots.enter('one');
  await settle();
  t.mock.timers.tick(900);
  slots.leave();
  assert.equal(await waiting, true);
});
