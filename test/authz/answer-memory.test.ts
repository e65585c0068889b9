import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAnswerCache } from '../../packages/guard/src/authz/asking/answers.ts';

describe('the memory of answers', () => {
  it('is bounded by their number, and gives up the token that was used least recently', () => {
    const cache = createAnswerCache(4);
    const token = (name: string) => name.padStart(60, name);
    for (const name of ['a', 'b']) for (const key of ['1', '2']) cache.set(token(name), key, true, 0, 10);
    cache.get(token('a'), '1', 5);
    cache.set(token('c'), '1', true, 0, 10);
    assert.equal(cache.get(token('b'), '1', 5), undefined);
    assert.equal(cache.get(token('a'), '2', 5), true);
    assert.equal(cache.size, 3);
    for (let i = 0; i < 100; i++) cache.set(token('d'), String(i), true, 0, 10);
    assert.ok(cache.size <= 4);
  });

  it('has room again where an answer is over, and for a token of which none is left', () => {
    const cache = createAnswerCache(100);
    const [short, long] = ['s'.repeat(60), 'l'.repeat(4_000)];
    for (const token of [short, long])
      for (const [key, until] of [
        ['1', 10],
        ['2', 20],
      ] as const)
        cache.set(token, key, true, 5, until);
    assert.equal(cache.size, 6);
    for (const token of [short, long]) {
      assert.equal(cache.get(token, '1', 9), true);
      assert.equal(cache.get(token, '1', 10), undefined);
      assert.equal(cache.get(token, '2', 19), true);
    }
    assert.equal(cache.size, 4);
    assert.equal(cache.get(short, '2', 4), undefined, 'the clock was set back');
    assert.equal(cache.get(long, '2', 20), undefined);
    assert.equal(cache.size, 0);
  });

  it('keeps what is good for a moment, in as many as it was given room for', () => {
    const token = 't'.repeat(60);
    for (const [most, until, size] of [
      [0, 10, 0],
      [1, 10, 1],
      [1, 6, 1],
      [1, 5, 0],
      [1, 4, 0],
    ] as const) {
      const cache = createAnswerCache(most);
      cache.set(token, '1', true, 5, until);
      assert.equal(cache.size, size, `${most} ${until}`);
    }
  });

  it('does not take one token for another with the same end', () => {
    const cache = createAnswerCache(10);
    const end = 'e'.repeat(43);
    cache.set(`one.${end}`, '1', true, 0, 10);
    assert.equal(cache.get(`two.${end}`, '1', 5), undefined);
    cache.set(`two.${end}`, '2', true, 0, 10);
    assert.equal(cache.get(`one.${end}`, '1', 5), undefined);
    assert.equal(cache.get(`two.${end}`, '1', 5), undefined);
    assert.equal(cache.size, 1);
  });

  it('is bounded by the length of the tokens too: the realm of a tenant chooses it', () => {
    const cache = createAnswerCache(1_000);
    const tokens = Array.from({ length: 1_000 }, (_, at) => String(at).padStart(14_000, 'x'));
    for (const token of tokens) cache.set(token, '1', true, 0, 10);
    const kept = tokens.filter((token) => cache.get(token, '1', 5));
    assert.equal(kept.length, 125);
    for (const token of kept) cache.drop(token);
    assert.equal(cache.size, 0);
  });
});
