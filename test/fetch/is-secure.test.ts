import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toFetchPath } from '../../packages/guard/src/adapters/engine/fetch-http.ts';

test('whether a connection is secure, its caller does not choose: on Deno it is not known', (t) => {
  const isSecure = (url: string) => toFetchPath(new Request(url)).isSecure;
  assert.deepEqual(['https://q/', 'http://q/'].map(isSecure), [true, false]);
  // `GET https://q/ HTTP/1.1` over plain http is `https://q/` there.
  Object.assign(globalThis, { Deno: {} });
  t.after(() => Reflect.deleteProperty(globalThis, 'Deno'));
  assert.deepEqual(['https://q/', 'http://q/'].map(isSecure), [undefined, undefined]);
});
