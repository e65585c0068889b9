import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { SessionStore } from '../../src/session/index.ts';
import { eventually } from '../support/eventually.ts';

const MINUTE = 60_000;

/** What every session store does. `open` gives a store that is empty; called twice it gives two ends of one. */
export function sessionStoreContract(
  name: string,
  open: (t: TestContext) => Promise<() => SessionStore>,
): void {
  test(`${name}: keeps a value until it is deleted`, async (t) => {
    const store = (await open(t))();
    assert.equal(await store.get('a'), null);
    await store.create('a', 'one', MINUTE);
    await store.create('b', 'two', MINUTE);
    assert.equal(await store.get('a'), 'one');
    await store.delete('a');
    assert.equal(await store.get('a'), null);
    assert.equal(await store.get('b'), 'two');
    await store.delete('a');
  });

  test(`${name}: replaces what is there, and brings nothing back that is gone`, async (t) => {
    const store = (await open(t))();
    assert.equal(await store.replace('a', 'new', MINUTE), false);
    assert.equal(await store.get('a'), null);
    await store.create('a', 'old', MINUTE);
    assert.equal(await store.replace('a', 'new', MINUTE), true);
    assert.equal(await store.get('a'), 'new');
  });

  test(`${name}: forgets a value when its time is over, and not while it is touched`, async (t) => {
    const store = (await open(t))();
    await store.create('short', 'x', 40);
    await store.create('touched', 'x', 40);
    await store.touch('touched', MINUTE);
    await store.touch('absent', MINUTE);
    await eventually('the value is gone', async () => (await store.get('short')) === null);
    assert.equal(await store.get('touched'), 'x');
    assert.equal(await store.get('absent'), null);
  });

  test(`${name}: one of many gets a lock, and it ends by itself or when it is given back`, async (t) => {
    const ends = await open(t);
    const [one, other] = [ends(), ends()];
    const tries = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? one : other).lock('a', MINUTE)),
    );
    const taken = tries.filter((unlock) => unlock !== null);
    assert.equal(taken.length, 1);
    assert.notEqual(await one.lock('b', MINUTE), null);
    await taken[0]?.();
    const short = await other.lock('a', 40);
    assert.notEqual(short, null);
    let next: Awaited<ReturnType<SessionStore['lock']>> = null;
    await eventually('the lock is over', async () => {
      next = await one.lock('a', MINUTE);
      return next !== null;
    });
    // Late: it is another's lock by now.
    await short?.();
    assert.equal(await other.lock('a', MINUTE), null);
  });
}
