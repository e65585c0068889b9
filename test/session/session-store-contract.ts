import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { SessionStore } from '../../packages/guard/src/session/index.ts';
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
    assert.equal(await store.replace('a', 'new'), false);
    assert.equal(await store.get('a'), null);
    await store.create('a', 'old', MINUTE);
    assert.equal(await store.replace('a', 'new'), true);
    assert.equal(await store.get('a'), 'new');
  });

  test(`${name}: forgets a value when its time is over, and not while it is touched`, async (t) => {
    const store = (await open(t))();
    await store.create('short', 'x', 40);
    await store.create('touched', 'x', 5_000);
    await store.touch('touched', MINUTE);
    await store.touch('absent', MINUTE);
    await eventually('the value is gone', async () => (await store.get('short')) === null);
    assert.equal(await store.get('touched'), 'x');
    const left = await store.remaining('touched');
    assert.ok(left !== null && left > 5_000, String(left));
    assert.equal(await store.get('absent'), null);
  });

  test(`${name}: another value has the time to live of the one before, and tells it`, async (t) => {
    const store = (await open(t))();
    assert.equal(await store.remaining('a'), null);
    await store.create('a', 'old', 5_000);
    await store.replace('a', 'new');
    const left = await store.remaining('a');
    assert.ok(left !== null && left > 0 && left <= 5_000, String(left));
    await store.touch('a', MINUTE);
    const more = await store.remaining('a');
    assert.ok(more !== null && more > MINUTE - 10_000 && more <= MINUTE, String(more));
    await store.create('b', 'old', 40);
    await store.replace('b', 'new');
    await eventually('the value is gone', async () => (await store.get('b')) === null);
    assert.equal(await store.remaining('b'), null);
  });

  test(`${name}: keeps the newest few of a group, though they come to two ends at once`, async (t) => {
    const ends = await open(t);
    const [one, other] = [ends(), ends()];
    const group = { key: 'login', most: 3, ttlMs: MINUTE };
    const keysOf = (count: number, name: string) => Array.from({ length: count }, (_, i) => `${name}${i}`);
    const alive = async (keys: string[]) => {
      const values = await Promise.all(keys.map((key) => one.get(key)));
      return keys.filter((_, i) => values[i] !== null);
    };
    await one.create('alone', 'x', MINUTE);
    await one.create('another', 'x', MINUTE, { ...group, key: 'another login' });
    const inTurn: number[] = [];
    for (const key of keysOf(5, 'a')) inTurn.push(await one.create(key, 'x', MINUTE, group));
    assert.deepEqual(inTurn, [0, 0, 0, 1, 1]);
    assert.deepEqual(await alive(keysOf(5, 'a')), ['a2', 'a3', 'a4']);
    const atOnce = keysOf(20, 'b');
    const ended = await Promise.all(
      atOnce.map((key, i) => (i % 2 ? one : other).create(key, 'x', MINUTE, group)),
    );
    assert.equal(
      ended.reduce((sum, count) => sum + count),
      20,
    );
    assert.deepEqual(await alive(keysOf(5, 'a')), []);
    assert.equal((await alive(atOnce)).length, 3);
    assert.deepEqual(await alive(['alone', 'another']), ['alone', 'another']);
  });

  test(`${name}: what of a group is gone by itself does not count`, async (t) => {
    const store = (await open(t))();
    const group = { key: 'login', most: 2, ttlMs: MINUTE };
    await store.create('stays', 'x', MINUTE, group);
    for (const key of ['a', 'b', 'c']) {
      assert.equal(await store.create(key, 'x', MINUTE, group), 0);
      await store.delete(key);
    }
    assert.equal(await store.create('d', 'x', MINUTE, group), 0);
    assert.equal(await store.get('stays'), 'x');
    assert.equal(await store.create('e', 'x', MINUTE, group), 1);
    assert.equal(await store.get('stays'), null);
    assert.equal(await store.get('d'), 'x');
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
