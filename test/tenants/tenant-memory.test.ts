import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Verifier } from '../../packages/guard/src/core/index.ts';
import { rememberParts } from '../../packages/guard/src/core/internal.ts';
import { createTenantMemory, Tenant } from '../../packages/guard/src/tenants/tenant-memory.ts';

/** Tenants in memory, whose verifiers count what is asked of them. */
function start(t: TestContext, most = 100) {
  const looks = new Set<{ readonly look: () => void }>();
  t.mock.method(globalThis, 'setInterval', (look: () => void, ms: number) => {
    assert.equal(ms, 1_000);
    const timer = { look };
    looks.add(timer);
    return timer;
  });
  t.mock.method(globalThis, 'clearInterval', (timer: never) => void looks.delete(timer));
  const memory = createTenantMemory(most);
  const closed: string[] = [];
  const refreshed: string[] = [];
  const state = { closing: Promise.resolve() };
  function add(name: string): Tenant {
    const verifier = {
      name,
      close: () => {
        closed.push(name);
        return state.closing;
      },
    } as unknown as Verifier<object>;
    rememberParts(verifier, { refreshKeys: () => void refreshed.push(name) } as never);
    const tenant = new Tenant(name, { realm: name }, verifier, 0);
    memory.add(tenant);
    return tenant;
  }
  const pass = (seconds: number) => {
    for (let second = 0; second < seconds; second++) for (const { look } of [...looks]) look();
  };
  return { ...{ memory, add, pass, closed, state, looks }, refreshed: () => refreshed.splice(0) };
}

test('beyond the most, the one that was used least recently goes; one that is made again takes no place', (t) => {
  const { memory, add, pass, closed } = start(t, 3);
  for (const name of ['a', 'b', 'c']) add(name);
  pass(1);
  memory.get('a');
  memory.peek('b');
  pass(1);
  memory.get('c');
  add('c');
  assert.deepEqual(closed, []);
  add('d');
  assert.deepEqual(closed, ['b']);
  add('e');
  assert.deepEqual(closed, ['b', 'a']);
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].filter((name) => memory.has(name)),
    ['c', 'd', 'e'],
  );
});

test('each is looked at once in 15 seconds, a part of them each second', (t) => {
  const { add, pass, refreshed } = start(t);
  const names = Array.from({ length: 30 }, (_, at) => `t${String(at).padStart(2, '0')}`);
  for (const name of names) add(name);
  for (let round = 0; round < 2; round++) {
    pass(1);
    assert.equal(refreshed().length, 2);
    pass(14);
    assert.deepEqual(refreshed(), names.slice(2));
  }
});

test('keys are loaded again for a minute after a use; after 15 minutes without one, a tenant leaves, and may come back', (t) => {
  const { memory, add, pass, closed, refreshed, looks } = start(t);
  for (let turn = 1; turn <= 2; turn++) {
    add('a');
    pass(60);
    assert.equal(refreshed().length, 60);
    pass(1);
    assert.equal(refreshed().length, 0);
    memory.get('a');
    pass(900);
    assert.equal(refreshed().length, 60);
    assert.ok(memory.has('a'));
    pass(1);
    assert.ok(!memory.has('a'));
    assert.deepEqual([closed.length, looks.size], [turn, 0]);
  }
});

test('one that left is told to nobody, and takes no other of its name along', (t) => {
  const { memory, add, closed } = start(t);
  const told: unknown[] = [];
  const unwatch = memory.watch((verifier) => void told.push(verifier));
  const [old, now] = [add('a'), add('a')];
  memory.welcome(old);
  assert.deepEqual([told, memory.members()], [[], []]);
  for (let i = 0; i < 2; i++) memory.welcome(now);
  assert.deepEqual([told, memory.members()], [[now.verifier], [now.verifier]]);
  memory.drop(old);
  assert.equal(memory.peek('a'), now);
  unwatch();
  memory.welcome(add('b'));
  assert.equal(told.length, 1);
  assert.deepEqual(closed, ['a']);
});

test('what closes waits for all verifiers, and looks at none any more', async (t) => {
  const { memory, add, closed, state, looks } = start(t);
  for (const name of ['a', 'b']) add(name);
  let end = () => {};
  state.closing = new Promise((resolve) => {
    end = resolve;
  });
  let isClosed = false;
  const closing = memory.close().then(() => {
    isClosed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([closed, isClosed, memory.has('a')], [['a', 'b'], false, false]);
  end();
  await closing;
  assert.equal(looks.size, 0);
});
