import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { createBoundedCache } from '../../packages/guard/src/core/runtime/cache.ts';

/** The plainest thing that does the same: a list, the one used least recently first. */
function createModel(max: number) {
  let list: [string, number][] = [];
  const without = (key: string) => list.filter(([one]) => one !== key);
  return {
    get(key: string) {
      const found = list.find(([one]) => one === key);
      if (found !== undefined) list = [...without(key), found];
      return found?.[1];
    },
    set(key: string, value: number) {
      list = [...without(key), [key, value] as [string, number]].slice(-max);
    },
    delete(key: string) {
      list = without(key);
    },
    clear() {
      list = [];
    },
    oldest: () => list[0]?.[1],
    get size() {
      return list.length;
    },
  };
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', '__proto__', 'constructor');
const step = fc.oneof(
  fc.tuple(fc.constant('get' as const), key),
  fc.tuple(fc.constant('set' as const), key, fc.nat()),
  fc.tuple(fc.constant('delete' as const), key),
  fc.tuple(fc.constant('clear' as const)),
);

describe('a bounded cache', () => {
  test('answers as a list in the order of use does, whatever is done with it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), (max, steps) => {
        const cache = createBoundedCache<number>(max);
        const model = createModel(max);
        for (const [name, of = '', value = 0] of steps) {
          if (name === 'get') assert.equal(cache.get(of), model.get(of));
          else if (name === 'set') {
            cache.set(of, value);
            model.set(of, value);
          } else if (name === 'delete') {
            cache.delete(of);
            model.delete(of);
          } else {
            cache.clear();
            model.clear();
          }
          assert.equal(cache.size, model.size);
          assert.equal(cache.oldest(), model.oldest());
        }
      }),
      { numRuns: 2_000, seed: 21 },
    );
  });

  test('lets go of what it no longer holds', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const cache = createBoundedCache<object>(2);
    const refs = Array.from({ length: 100 }, (_, i) => {
      const value = { i };
      cache.set(String(i), value);
      return new WeakRef(value);
    });
    cache.delete('99');
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    assert.deepEqual(
      refs.map((ref) => ref.deref()).filter((value) => value !== undefined),
      [{ i: 98 }],
    );
  });

  test('a million values through a cache of a thousand leave a thousand, and those that came last', () => {
    const cache = createBoundedCache<number>(1_000);
    for (let i = 0; i < 1_000_000; i++) cache.set(String(i), i);
    assert.equal(cache.size, 1_000);
    assert.equal(cache.oldest(), 999_000);
    assert.equal(cache.get('999999'), 999_999);
    assert.equal(cache.get('998999'), undefined);
  });

  // Where coverage is counted, that is what is measured.
  const skip = process.env.NODE_V8_COVERAGE !== undefined;
  test('a look-up costs about what one in a map costs, not what changing a map costs', { skip }, () => {
    const keys = Array.from({ length: 2_000 }, (_, i) => `key of a token ${i}`);
    const cache = createBoundedCache<number>(10_000);
    const map = new Map<string, number>();
    for (const [i, one] of keys.entries()) {
      cache.set(one, i);
      map.set(one, i);
    }
    const timeOf = (look: (one: string) => unknown): number => {
      const began = performance.now();
      // Short enough to end before a busy machine takes the core away.
      for (let round = 0; round < 5; round++) for (const one of keys) look(one);
      return performance.now() - began;
    };
    const byCache = () => timeOf((one) => cache.get(one));
    const byChange = () =>
      timeOf((one) => {
        const value = map.get(one) as number;
        map.delete(one);
        map.set(one, value);
      });
    // In turn, the quickest of each: whatever else the machine does hits both. On a busy one that takes more rounds.
    let quickest = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
    for (let round = 0; round < 100 || (quickest[0] >= quickest[1] && round < 2_000); round++)
      quickest = [Math.min(quickest[0], byCache()), Math.min(quickest[1], byChange())];
    assert.ok(quickest[0] < quickest[1], `${quickest[0]} ms, where changing the map takes ${quickest[1]} ms`);
  });
});
