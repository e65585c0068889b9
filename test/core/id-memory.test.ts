import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createIdMemory } from '../../packages/guard/src/core/revocation/revocation-store.ts';

describe('the memory of ids that are good once', () => {
  it('is bounded: the oldest is forgotten for a new one, and none for one that comes again', () => {
    const useOnce = createIdMemory(() => 0, 2);
    assert.equal(useOnce('a', 10), true);
    assert.equal(useOnce('b', 10), true);
    for (const id of ['a', 'b', 'b', 'a']) assert.equal(useOnce(id, 10), false);
    assert.equal(useOnce('c', 10), true);
    assert.equal(useOnce('b', 10), false);
    assert.equal(useOnce('c', 10), false);
    assert.equal(useOnce('a', 10), true);
    assert.equal(useOnce('b', 10), true);
  });

  it('has room again for what is over: what is not stays', () => {
    let now = 0;
    const useOnce = createIdMemory(() => now * 1000, 2);
    assert.equal(useOnce('a', 10), true);
    assert.equal(useOnce('b', 20), true);
    now = 9.9;
    assert.equal(useOnce('a', 30), false);
    now = 10;
    assert.equal(useOnce('a', 30), true);
    assert.equal(useOnce('b', 30), false);
    now = 20;
    assert.equal(useOnce('b', 30), true);
    assert.equal(useOnce('a', 30), false);
  });
});
