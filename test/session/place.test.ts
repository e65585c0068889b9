import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAddressOf } from '../../packages/guard/src/session/context.ts';

const placeOf = (publicUrl: string) =>
  createAddressOf({ publicUrl, cookieName: 'session' })({ method: 'GET', url: '/', headers: {} });

test('a public URL is where it leads to, however it is written', () => {
  for (const [written, baseUrl] of [
    ['https://app.example.com', 'https://app.example.com'],
    ['https://app.example.com/', 'https://app.example.com'],
    ['HTTPS://App.Example.com:443/base/', 'https://app.example.com/base'],
    ['https://app.example.com?', 'https://app.example.com'],
    ['https://app.example.com/base#', 'https://app.example.com/base'],
    ['https:app.example.com', 'https://app.example.com'],
    ['https://app.example.com\t/a\n', 'https://app.example.com/a'],
  ] as const) {
    assert.equal(placeOf(written).baseUrl, baseUrl, written);
  }
});

test('the origin of a request is written as browsers and Keycloak write it, whatever a proxy names', () => {
  const addressOf = createAddressOf({ publicUrl: undefined, cookieName: 'session' });
  const at = (origin: string) => addressOf({ method: 'GET', url: '/', headers: {}, origin });
  // nginx's `Host $host:$server_port`, and `X-Forwarded-Proto: HTTPS`.
  for (const origin of ['https://app.example.com:443', 'HTTPS://app.example.com', 'https://App.Example.com'])
    assert.deepEqual(at(origin), at('https://app.example.com'), origin);
  assert.equal(at('http://localhost:80').origin, 'http://localhost');
  assert.equal(at('http://localhost:443').origin, 'http://localhost:443');
  assert.match(at('HTTPS://app.example.com').cookies.session, /^__Host-/);
  // The login refuses them: nothing is cut off to make an address of them.
  for (const wrong of ['https://app.example.com/x', 'https://x@app.example.com', 'https://', 'https://a b'])
    assert.equal(at(wrong).origin, wrong);
});
