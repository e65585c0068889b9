import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CachedToken, TokenCache } from '../../packages/guard/src/core/token/token-cache.ts';

// Which tokens are kept, by number and by size. Names stand for tokens; the key is made of the end of the signature.

const NOW = 1_000_000;
const AVERAGE = 4_096;

function toEntry(name: string, more: Partial<CachedToken> = {}): CachedToken {
  const token = `head.body-of-${name}.signature-of-${name.padStart(12, '-')}-`;
  return { token, size: token.length, expiresAt: NOW + 60_000, wasUsed: false, ...more };
}

/** @returns the names of those that are kept, of those given; looking for them changes nothing */
function keptOf(cache: TokenCache<CachedToken>, entries: Record<string, CachedToken>): string[] {
  return Object.entries(entries).flatMap(([name, entry]) => {
    const { wasUsed } = entry;
    const isKept = cache.get(entry.token) === entry;
    entry.wasUsed = wasUsed;
    return isKept ? [name] : [];
  });
}

function fill(most: number, entries: Record<string, CachedToken>) {
  const cache = new TokenCache<CachedToken>(most);
  for (const entry of Object.values(entries)) cache.set(entry, NOW);
  return cache;
}

const named = <Name extends string>(...names: Name[]) =>
  Object.fromEntries(names.map((name) => [name, toEntry(name)])) as Record<Name, CachedToken>;

describe('tokens that are known', () => {
  test('are found by the whole token: another one with the same end is not it, and deletes nothing', () => {
    const { a } = named('a');
    const cache = fill(3, { a });
    assert.equal(cache.get(a.token), a);
    const sameEnd = `other${a.token}`;
    assert.equal(cache.get(sameEnd), undefined);
    cache.delete(sameEnd);
    assert.equal(cache.get(a.token), a);
    cache.delete(a.token);
    assert.deepEqual([cache.get(a.token), cache.size], [undefined, 0]);
  });

  test('have keys that the last of their characters make, all but the very last', () => {
    const cache = new TokenCache<CachedToken>(1_000);
    const signature = 'abcdefghij';
    for (let at = 1; at < 9; at++) {
      const other = `${signature.slice(0, at)}Z${signature.slice(at + 1)}`;
      cache.set({ ...toEntry('x'), token: other }, NOW);
    }
    assert.equal(cache.size, 8, 'each of eight characters counts');
    const last = { ...toEntry('x'), token: `${signature.slice(0, -1)}Z` };
    cache.set({ ...last, token: signature }, NOW);
    cache.set(last, NOW);
    assert.equal(cache.size, 9, 'of the last one only some bits are the signature');
  });

  test('are as many as may be; one that was used since stays before one that was not', () => {
    const entries = named('a', 'b', 'c');
    const cache = fill(3, entries);
    assert.deepEqual(keptOf(cache, entries), ['a', 'b', 'c']);
    cache.get(entries.a.token);
    const all = { ...entries, d: toEntry('d') };
    cache.set(all.d, NOW);
    assert.equal(cache.size, 3);
    const kept = keptOf(cache, all);
    assert.ok(kept.includes('a') && kept.includes('d'), `${kept}`);
    const next = { ...all, e: toEntry('e'), f: toEntry('f') };
    cache.set(next.e, NOW);
    cache.set(next.f, NOW);
    assert.equal(cache.size, 3);
    assert.ok(!keptOf(cache, next).includes('a'), 'its second chance is over');
  });

  test('that all were used make room for another one all the same', () => {
    const entries = named('a', 'b');
    const cache = fill(2, entries);
    for (const { token } of Object.values(entries)) cache.get(token);
    const c = toEntry('c');
    cache.set(c, NOW);
    assert.deepEqual([cache.size, cache.get(c.token)], [2, c]);
  });

  test('are none of 0', () => {
    const entries = named('a');
    assert.deepEqual([fill(0, entries).size, keptOf(fill(0, entries), entries)], [0, []]);
  });

  test('are bounded by their size together; one that is larger than all may be is alone', () => {
    const most = 4;
    const half = { size: (most * AVERAGE) / 2 };
    const entries = { a: toEntry('a', half), b: toEntry('b', half) };
    const cache = fill(most, entries);
    assert.deepEqual(keptOf(cache, entries), ['a', 'b'], 'just as much as may be');
    const all = { ...entries, c: toEntry('c', { size: 1 }) };
    cache.set(all.c, NOW);
    assert.equal(cache.size, 2);
    const huge = toEntry('huge', { size: most * AVERAGE * 2 });
    cache.set(huge, NOW);
    assert.deepEqual([cache.size, cache.get(huge.token)], [1, huge]);
    const more = named('d', 'e', 'f');
    for (const entry of Object.values(more)) cache.set(entry, NOW);
    assert.deepEqual(keptOf(cache, { huge, ...more }), ['d', 'e', 'f'], 'and what it took is free again');
  });

  test('count once, however often they come, and no more once they are gone', () => {
    const most = 4;
    const half = { size: (most * AVERAGE) / 2 };
    const entries = { a: toEntry('a', half), b: toEntry('b', half) };
    const cache = new TokenCache<CachedToken>(most);
    for (let times = 0; times < 3; times++) cache.set({ ...entries.a }, NOW);
    cache.set(entries.a, NOW);
    cache.set(entries.b, NOW);
    assert.deepEqual(keptOf(cache, entries), ['a', 'b']);
    cache.delete(entries.a.token);
    cache.delete(entries.b.token);
    const more = { c: toEntry('c', half), d: toEntry('d', half) };
    for (const entry of Object.values(more)) cache.set(entry, NOW);
    assert.deepEqual(keptOf(cache, more), ['c', 'd']);
  });

  test('may grow by what Keycloak says: others make room', () => {
    const most = 3;
    const entries = named('a', 'b', 'c');
    const cache = fill(most, entries);
    const { a, b, c } = entries;
    cache.resize(b, most * AVERAGE, NOW);
    assert.deepEqual([keptOf(cache, entries), b.size], [['b'], most * AVERAGE]);
    cache.resize(b, 10, NOW);
    cache.set(a, NOW);
    cache.set(c, NOW);
    assert.deepEqual(keptOf(cache, entries), ['a', 'b', 'c']);
  });

  test('that are kept no more, or in another form, do not come back by growing', () => {
    const { a } = named('a');
    const cache = new TokenCache<CachedToken>(3);
    cache.resize(a, 50, NOW);
    assert.deepEqual([cache.size, a.size], [0, 50]);
    const again = { ...a };
    cache.set(again, NOW);
    cache.resize(a, 60, NOW);
    assert.deepEqual([cache.get(a.token), a.size, again.size], [again, 60, 50]);
  });

  test('that have expired go while others come, two for each, before the cache is full', () => {
    const old = { expiresAt: NOW };
    const entries: Record<string, CachedToken> = {
      ...{ a: toEntry('a', old), b: toEntry('b', old), c: toEntry('c', old) },
      d: toEntry('d', { expiresAt: NOW + 1 }),
    };
    const cache = new TokenCache<CachedToken>(100);
    for (const entry of Object.values(entries)) cache.set(entry, NOW - 1);
    assert.equal(cache.size, 4);
    const sizes = ['e', 'f', 'g', 'h'].map((name) => {
      cache.set(toEntry(name), NOW);
      return cache.size;
    });
    assert.deepEqual(keptOf(cache, entries), ['d']);
    assert.equal(sizes.at(-1), 5);
    assert.ok((sizes[0] ?? 0) >= 3, `two at most for one: ${sizes}`);
  });
});
