import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEndings } from '../../packages/guard/src/session/record/endings.ts';
import { createMemorySessionStore } from '../../packages/guard/src/session/record/store.ts';
import { eventually } from '../support/eventually.ts';

/** A store that can be away, and one that knows what it was told. */
function setUp(refuses: (key: string) => boolean = () => false) {
  const state = { isAway: true };
  const told = new Set<string>();
  const endings = createEndings(
    {
      ...createMemorySessionStore(),
      async delete(key) {
        if (state.isAway || refuses(key)) throw new Error('away');
        told.add(key);
      },
    },
    3_600_000,
  );
  return { endings, state, told };
}

test('however many sessions end while the store is away, all stay ended, and the store is told of each', async () => {
  const { endings, state, told } = setUp();
  const keys = Array.from({ length: 25_000 }, (_, i) => `session ${i}`);
  await Promise.all(keys.map((key) => endings.end(key)));
  assert.deepEqual(
    keys.filter((key) => !endings.has(key)),
    [],
  );
  state.isAway = false;
  await endings.close();
  assert.equal(told.size, keys.length);
});

test('one that the store does not take keeps none of the others from it', async () => {
  const { endings, state, told } = setUp((key) => key === 'session 0');
  for (let i = 0; i < 5; i++) assert.equal(await endings.end(`session ${i}`), false);
  state.isAway = false;
  await eventually('the others are told', () => told.size === 4);
  assert.ok(endings.has('session 0'));
  await endings.close();
});
