import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import * as source from '../../packages/guard/src/core/index.ts';

const require = createRequire(import.meta.url);
const builds = {
  source,
  esm: (await import('../../packages/guard/dist/core/index.js' as string)) as typeof source,
  cjs: require('../../packages/guard/dist/cjs/core/index.js') as typeof source,
};

test('an AuthError of one build is known by the type guard of every other', () => {
  for (const [from, { AuthError }] of Object.entries(builds)) {
    const error: unknown = new AuthError('missing_token', 'nobody is there');
    for (const [by, { isAuthError }] of Object.entries(builds)) {
      assert.ok(isAuthError(error), `${by} does not know that of ${from}`);
      assert.equal(error.statusCode, 401);
    }
  }
  assert.ok(!(new builds.cjs.AuthError('missing_token', '') instanceof builds.esm.AuthError), 'they are two');
});

test('nothing else is taken for one', () => {
  const { isAuthError } = builds.esm;
  for (const other of [
    null,
    undefined,
    'AuthError',
    7,
    {},
    new Error('AuthError'),
    { name: 'AuthError' },
    () => {},
  ])
    assert.equal(isAuthError(other), false);
});
