import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHeader } from '../../packages/guard/src/adapters/engine/routes.ts';

test('Vary grows by what it does not have, and Cache-Control becomes no more public', () => {
  for (const [name, value, before, after] of [
    ['vary', 'Cookie', undefined, 'Cookie'],
    ['vary', 'Cookie', null, 'Cookie'],
    ['vary', 'Cookie', 'Origin', 'Origin, Cookie'],
    ['vary', 'Cookie', ['Origin', 'Accept'], 'Origin, Accept, Cookie'],
    ['vary', 'Cookie', 'Accept,cookie', 'Accept,cookie'],
    ['vary', 'Cookie', '*', '*'],
    ['cache-control', 'private', 'public, max-age=60', 'private'],
    ['cache-control', 'private', 's-maxage=31536000', 'private'],
    ['cache-control', 'private', 'no-store', 'no-store'],
    ['cache-control', 'private', 'Private, max-age=60', 'Private, max-age=60'],
    ['cache-control', 'no-store', 'private', 'no-store'],
    ['x-other', 'b', 'a', 'b'],
  ] as const)
    assert.equal(toHeader(name, value, before), after, `${name} ${before}`);
});
