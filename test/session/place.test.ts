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
