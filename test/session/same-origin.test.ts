import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { assertSameOrigin, isHarmless } from '../../packages/guard/src/session/http/request.ts';

const ORIGIN = 'http://app.test:8000';

test('a request is harmless where it changes nothing, opens no WebSocket, and no script of an origin may read the answer', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE']) {
    assert.equal(isHarmless({ method, headers: {} }), true, method);
    // As a script of another origin sends it, if the application's framework lets it read.
    for (const origin of [ORIGIN, 'http://other.test:8000', 'null', ''])
      assert.equal(isHarmless({ method, headers: { origin } }), false, `${method} ${origin}`);
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

test('an own page is one however a proxy writes the origin', () => {
  const request = { method: 'POST', headers: { origin: 'https://app.test' } };
  for (const written of ['https://app.test', 'https://app.test:443', 'HTTPS://App.test'])
    assert.doesNotThrow(() => assertSameOrigin(request, written), written);
  for (const other of [
    'https://app.test:444',
    'http://app.test:443',
    'https://app.test/x',
    'https://x@app.test',
    '',
  ])
    assert.throws(() => assertSameOrigin(request, other), { code: 'cross_origin_request' }, other);
});

test('Sec-Fetch-Site outweighs Origin', () => {
  const refused = { method: 'POST', headers: { origin: ORIGIN, 'sec-fetch-site': 'cross-site' } };
  assert.throws(() => assertSameOrigin(refused, ORIGIN), { code: 'cross_origin_request' });
  const origin = 'http://localhost:5173';
  for (const method of ['GET', 'POST'])
    assertSameOrigin({ method, headers: { origin, 'sec-fetch-site': 'same-origin' } }, ORIGIN);
});

test('a handshake is judged by Origin alone: browsers send no Sec-Fetch-Site with it', () => {
  for (const one of [
    { method: 'GET', headers: { upgrade: 'websocket' } },
    { method: undefined, headers: { upgrade: '' } },
    { method: 'CONNECT', headers: {} },
  ]) {
    const { method } = one;
    const headers = { ...one.headers, 'sec-fetch-site': 'cross-site' };
    assertSameOrigin({ method, headers: { ...headers, origin: ORIGIN } }, ORIGIN);
    for (const origin of [undefined, 'http://other.test:8000', 'null'])
      assert.throws(
        () =>
          assertSameOrigin(
            { method, headers: { ...headers, origin, 'sec-fetch-site': 'same-origin' } },
            ORIGIN,
          ),
        { code: 'cross_origin_request', expected: `a handshake with Origin ${ORIGIN}` },
      );
  }
});
