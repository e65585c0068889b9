import assert from 'node:assert/strict';
import { it } from 'node:test';
import { tickShape } from '../../packages/guard/src/core/runtime/platform.ts';
import { createTestRealm } from '../support/test-realm.ts';

it('one of what process.nextTick queues stays alive, however many verifiers there are', async () => {
  createTestRealm().verifier();
  await new Promise((resolve) => setImmediate(resolve));
  const { kept } = tickShape;
  assert.deepEqual(Object.keys(kept ?? {}), ['callback', 'args']);
  createTestRealm().verifier();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(tickShape.kept, kept);
});
