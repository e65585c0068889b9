import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { createMemorySessionStore } from '../../packages/guard/src/session/index.ts';
import { toTenantPrefix } from '../../packages/guard/src/session/record/store.ts';
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

test('a session and a lock end at their time, not after it', async () => {
  let now = 0;
  const store = createMemorySessionStore({ clock: () => now });
  await store.create('a', '1', 1000);
  const unlock = await store.lock('a', 500);
  now = 499;
  assert.equal(await store.lock('a', 500), null);
  now = 500;
  assert.notEqual(await store.lock('a', 500), null);
  // It is another's lock by now.
  await unlock?.();
  assert.equal(await store.lock('a', 500), null);
  now = 999;
  assert.deepEqual([await store.get('a'), await store.remaining('a')], ['1', 1]);
  await store.touch('a', 10);
  now = 1009;
  assert.deepEqual([await store.get('a'), await store.remaining('a')], [null, null]);
  assert.equal(await store.replace('a', '2'), false);
});

test('a store that was closed has room for as many as before', async () => {
  const store = createMemorySessionStore({ maxSessions: 2 });
  for (const key of ['a', 'b']) await store.create(key, '1', 1000);
  await store.close();
  for (const key of ['c', 'd']) await store.create(key, '1', 1000);
  assert.deepEqual(await Promise.all(['a', 'c', 'd'].map((key) => store.get(key))), [null, '1', '1']);
});

describe('sessions of tenants in one memory', () => {
  const keysOf = (tenant: string, count: number) =>
    Array.from({ length: count }, (_, at) => `${toTenantPrefix(tenant)}${at}`);

  it('one that has many pushes out its own, and no other’s', async () => {
    const store = createMemorySessionStore({ maxSessions: 100 });
    const acme = keysOf('acme', 10);
    for (const key of acme) await store.create(key, 'x', 60_000);
    const hostile = keysOf('hostile', 1_000);
    for (const key of hostile) await store.create(key, 'x', 60_000);
    for (const key of acme) assert.equal(await store.get(key), 'x');
    const left = await Promise.all(hostile.map((key) => store.get(key)));
    assert.equal(left.filter((one) => one !== null).length, 90);
    assert.equal(await store.get(hostile.at(-1) as string), 'x');
  });

  it('one that has large ones pushes out its own, and they stay in bounds', async () => {
    const store = createMemorySessionStore({ maxSessions: 100 });
    const acme = keysOf('acme', 50);
    for (const key of acme) await store.create(key, 'x'.repeat(6_000), 60_000);
    const hostile = keysOf('hostile', 50);
    for (const key of hostile) await store.create(key, 'x'.repeat(130_000), 60_000);
    for (const key of acme) assert.equal((await store.get(key))?.length, 6_000);
    const left = await Promise.all(hostile.map((key) => store.get(key)));
    const size = left.reduce((sum, one) => sum + (one?.length ?? 0), 0);
    assert.ok(size > 0 && size <= 100 * 16_384, String(size));
  });

  it('names are no parts of one another', async () => {
    const store = createMemorySessionStore({ maxSessions: 2 });
    const names = ['a', 'a/b', 'a%2Fb', ''];
    assert.equal(new Set(names.map((name) => `${toTenantPrefix(name)}x`)).size, names.length);
    await store.create(`${toTenantPrefix('a/b')}x`, 'theirs', 60_000);
    assert.equal(await store.get(`${toTenantPrefix('a')}x`), null);
  });
});
