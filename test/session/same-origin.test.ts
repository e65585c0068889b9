import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { assertSameOrigin, isHarmless } from '../../packages/guard/src/session/same-origin.ts';

const ORIGIN = 'http://app.test:8000';

test('a request is harmless where it changes nothing and opens no WebSocket', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE']) {
    assert.equal(isHarmless({ method, headers: {} }), true, method);
    for (const upgrade of ['websocket', 'WebSocket', 'h2c', '']) {
      assert.equal(isHarmless({ method, headers: { upgrade } }), false, `${method} ${upgrade}`);
    }
  }
  // CONNECT opens a WebSocket over HTTP/2 (RFC 8441).
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'PROPFIND', 'get', undefined]) {
    assert.equal(isHarmless({ method, headers: {} }), false, method);
  }
});

test('a form of a page with no-referrer on plain http is refused, and the log says what to do about it', () => {
  assert.throws(
    () => assertSameOrigin({ method: 'POST', headers: { origin: 'null' } }, ORIGIN),
    (error) => {
      assert.ok(error instanceof AuthError);
      assert.equal(error.code, 'cross_origin_request');
      assert.match(String(error.seen), /^Origin null: .*Referrer-Policy no-referrer.*plain http$/);
      assert.equal(error.expected, `Sec-Fetch-Site same-origin, or Origin ${ORIGIN}`);
      return true;
    },
  );
});

test('our own Origin does not outweigh what Sec-Fetch-Site says, but for a handshake, which is never redirected', () => {
  const headers = { origin: ORIGIN, 'sec-fetch-site': 'cross-site' };
  assert.throws(() => assertSameOrigin({ method: 'POST', headers }, ORIGIN), {
    code: 'cross_origin_request',
  });
  assertSameOrigin({ method: 'GET', headers: { ...headers, upgrade: 'websocket' } }, ORIGIN);
});
