import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createCallSlots } from '../../packages/guard/src/core/realm/call-slots.ts';

/** The timers of slots keep no process alive. */
function start(t: TestContext, size: number) {
  const alive = setInterval(() => {}, 1_000);
  t.after(() => clearInterval(alive));
  return createCallSlots(size, 20);
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
