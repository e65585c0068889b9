import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryRevocationStore } from '../../packages/guard/src/core/index.ts';
import { createUsedIds } from '../../packages/guard/src/core/revocation/revocation-store.ts';

describe('the memory of ids that are good once', () => {
  it('is bounded: the oldest is forgotten for a new one, and none for one that comes again', () => {
    const useOnce = createUsedIds(() => 0, 2, 'forget');
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
    const useOnce = createUsedIds(() => now * 1000, 2, 'forget');
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

describe('the memory of proofs', () => {
  it('takes each once, until its time is over', async () => {
    let now = 1_000_000;
    const store = createMemoryRevocationStore(() => now);
    assert.equal(await store.useProofOnce('a', 1_040), true);
    assert.equal(await store.useProofOnce('a', 1_040), false);
    assert.equal(await store.useProofOnce('b', 1_001), true);
    now = 1_002_000;
    assert.equal(await store.useProofOnce('b', 1_041), true, 'over, though what came before it is not');
    assert.equal(await store.useProofOnce('a', 1_040), false);
    now = 1_040_000;
    assert.equal(await store.useProofOnce('a', 1_080), true);
  });

  it('forgets none that is alive for what comes after it, when it is full: that is refused', async () => {
    const now = Date.now();
    const store = createMemoryRevocationStore(() => now);
    const until = now / 1000 + 40;
    assert.equal(await store.useProofOnce('the-first', until), true);
    const use = (i: number) => store.useProofOnce(`proof-number-${i}`, until);
    for (let i = 1; i < 499_999; i++) void use(i);
    assert.equal(await use(499_999), true);
    for (const more of [500_000, 500_001]) await assert.rejects(async () => use(more), RangeError);
    assert.equal(await store.useProofOnce('the-first', until), false);
    assert.equal(await use(1), false);
  });

  it('has room again when time has passed', () => {
    let now = 0;
    const useOnce = createUsedIds(() => now, 2, 'refuse');
    assert.equal(useOnce('a', 10), true);
    assert.equal(useOnce('b', 20), true);
    assert.throws(() => useOnce('c', 30), RangeError);
    now = 10_000;
    assert.equal(useOnce('c', 30), true);
    assert.throws(() => useOnce('d', 30), RangeError);
  });
});
