import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEndings } from '../../packages/guard/src/session/record/endings.ts';
import { createMemorySessionStore } from '../../packages/guard/src/session/record/store.ts';
import { passing, passTime, stopTime } from '../support/passing-time.ts';

/** A store that can be away, and one that knows what it was told. */
function setUp(refuses: (key: string) => boolean = () => false, longestMs = 3_600_000) {
  const state = { isAway: true, tries: 0 };
  const told = new Set<string>();
  const endings = createEndings(
    {
      ...createMemorySessionStore(),
      async delete(key) {
        state.tries++;
        if (state.isAway || refuses(key)) throw new Error('away');
        told.add(key);
      },
    },
    longestMs,
  );
  return { endings, state, told };
}

test('however many sessions end while the store is away, all stay ended, and the store is told of each', async () => {
  const { endings, state, told } = setUp();
  const keys = Array.from({ length: 10_500 }, (_, i) => `session ${i}`);
  await Promise.all(keys.map((key) => endings.end(key)));
  assert.deepEqual(
    keys.filter((key) => !endings.has(key)),
    [],
  );
  state.isAway = false;
  await endings.close();
  assert.equal(told.size, keys.length);
});

test('one that the store does not take keeps none of the others from it', async (t) => {
  stopTime(t);
  const { endings, state, told } = setUp((key) => key === 'session 0');
  for (let i = 0; i < 5; i++) assert.equal(await endings.end(`session ${i}`), false);
  state.isAway = false;
  await passing('the others are told', () => told.size === 4);
  assert.ok(endings.has('session 0'));
  await endings.close();
});

test('a session that ended stays so for half a minute after the store was told: whoever reads it then is done', async (t) => {
  stopTime(t);
  const { endings, state } = setUp();
  state.isAway = false;
  assert.equal(endings.has('key'), false);
  const ending = endings.end('key');
  assert.ok(endings.has('key'), 'before the store was told');
  assert.equal(await ending, true);
  await passTime(29_950);
  assert.ok(endings.has('key'));
  await passTime(100);
  assert.equal(endings.has('key'), false);
  assert.equal(state.tries, 1);
  await endings.close();
});

test('a store that was away is told again each second, until it was told or nothing is left to be told', async (t) => {
  stopTime(t);
  const { endings, state, told } = setUp(undefined, 10_000);
  assert.equal(await endings.end('first'), false);
  assert.equal(await endings.end('second'), false);
  assert.equal(state.tries, 2);
  for (const tries of [4, 6]) {
    await passTime(950);
    assert.equal(state.tries, tries - 2);
    await passTime(50);
    assert.equal(state.tries, tries);
  }
  state.isAway = false;
  await passTime(1_000);
  assert.deepEqual([...told], ['first', 'second']);
  await passTime(5_000);
  assert.equal(state.tries, 8, 'it was told');

  state.isAway = true;
  await endings.end('third');
  await passTime(20_000);
  // At its tenth second the store has forgotten it by itself.
  assert.equal(state.tries, 9 + 9);
  assert.equal(endings.has('third'), false);
  await endings.close();
});

test('a store that takes none of a hundred is not asked about the rest; one that takes one of them is', async (t) => {
  stopTime(t);
  const { endings, state } = setUp((key) => key !== 'session 7' && key !== 'session 205');
  await Promise.all(Array.from({ length: 250 }, (_, i) => endings.end(`session ${i}`)));
  state.tries = 0;
  await passTime(1_000);
  assert.equal(state.tries, 100);
  state.isAway = false;
  state.tries = 0;
  await passTime(1_000);
  // Of the first hundred it takes one, of the second none.
  assert.equal(state.tries, 200);
  await endings.close();
});

test('who closes tells the store once more, and never after', async (t) => {
  stopTime(t);
  const { endings, state, told } = setUp();
  await endings.end('key');
  await endings.close();
  assert.equal(state.tries, 2);
  await endings.end('late');
  await passTime(5_000);
  assert.deepEqual([state.tries, told.size], [3, 0]);

  const other = setUp();
  await other.endings.close();
  await other.endings.end('late');
  await passTime(5_000);
  assert.equal(other.state.tries, 1);
});

test('of those that the store was told of, ten thousand are remembered', async () => {
  const { endings, state } = setUp();
  state.isAway = false;
  for (let i = 0; i <= 10_000; i++) await endings.end(`session ${i}`);
  assert.deepEqual([endings.has('session 0'), endings.has('session 1')], [false, true]);
});
