import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCallSlots } from '../../packages/guard/src/core/realm/call-slots.ts';

test('a user with slow calls waits for their own slot, and others do not', async () => {
  const slots = createCallSlots(8, 20);
  assert.equal(await slots.enter('slow'), true);
  assert.equal(slots.tryEnter('slow'), false);
  assert.equal(await slots.enter('slow'), false);
  assert.equal(await slots.enter('other'), true);
  slots.leave('slow');
  assert.equal(await slots.enter('slow'), true);
});

test('if all slots are taken, a user who gives up keeps none', async () => {
  const slots = createCallSlots(1, 20);
  assert.equal(await slots.enter(), true);
  assert.equal(await slots.enter('one'), false);
  slots.leave();
  assert.equal(slots.tryEnter('one'), true);
});
