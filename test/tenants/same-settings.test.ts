import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { copyOf, isSame } from '../../packages/guard/src/tenants/tenant-memory.ts';

const keyOf = (text: string) => createSecretKey(Buffer.from(text));

test('settings that an application makes anew at each look-up are the same where they say the same', () => {
  const settings = () => ({
    ...{ realm: 'acme', audience: ['a', 'b'], tolerance: 0, extra: null },
    credential: { key: keyOf('secret'), bytes: Buffer.from('x') },
  });
  assert.ok(isSame(settings(), settings()));
  for (const change of [
    { realm: 'globex' },
    { audience: ['a'] },
    { audience: ['b', 'a'] },
    { audience: ['a', 'b', 'c'] },
    { audience: { 0: 'a', 1: 'b' } },
    { audience: undefined },
    { tolerance: false },
    { extra: undefined },
    { extra: {} },
    { more: 1 },
    { credential: { key: keyOf('another'), bytes: Buffer.from('x') } },
    { credential: { key: keyOf('secret'), bytes: Buffer.from('y') } },
    { credential: { key: Buffer.from('secret'), bytes: Buffer.from('x') } },
    { credential: 'secret' },
  ]) {
    const other = { ...settings(), ...change };
    assert.ok(!isSame(settings(), other) && !isSame(other, settings()), JSON.stringify(change));
  }
  const fetch = () => {};
  assert.ok(isSame({ fetch }, { fetch }));
  assert.ok(!isSame({ fetch }, { fetch: () => {} }));
  assert.ok(isSame(undefined, undefined) && !isSame(undefined, {}) && !isSame({}, null));
  // A member of this name that lies is no answer.
  assert.ok(
    !isSame(
      new (class {
        equals = () => 'yes';
      })(),
      new (class {
        equals = () => 'yes';
      })(),
    ),
  );
});

test('a copy has what was said, as deep as it goes, and nothing that was not', () => {
  const key = keyOf('secret');
  const settings = { realm: 'acme', clientSecret: undefined, list: [{ a: 1, b: undefined }], key };
  const copy = copyOf(settings);
  assert.deepEqual(Object.keys(copy), ['realm', 'list', 'key']);
  assert.deepEqual(copy.list, [{ a: 1 }]);
  assert.equal(copy.key, key);
  settings.list[0] = { a: 2, b: undefined };
  assert.deepEqual(copy.list, [{ a: 1 }]);
});
