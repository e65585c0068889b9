import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemorySessionStore } from '../../packages/guard/src/session/index.ts';
import { sessionStoreContract } from './session-store-contract.ts';

sessionStoreContract('memory', async () => {
  const store = createMemorySessionStore();
  return () => store;
});

test('the memory store is bounded: the session that was not used for longest ends', async () => {
  const store = createMemorySessionStore({ maxSessions: 2 });
  await store.create('a', '1', 1000);
  await store.create('b', '2', 1000);
  await store.get('a');
  await store.create('c', '3', 1000);
  assert.deepEqual([await store.get('a'), await store.get('b'), await store.get('c')], ['1', null, '3']);
});
