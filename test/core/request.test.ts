import assert from 'node:assert/strict';
import { it } from 'node:test';
import { headerOf } from '../../packages/guard/src/core/internal.ts';

it('a header is read by one name from the headers of Node and of Fetch', () => {
  for (const headers of [{ origin: 'https://app.example' }, new Headers({ Origin: 'https://app.example' })]) {
    assert.equal(headerOf(headers, 'origin'), 'https://app.example');
    assert.equal(headerOf(headers, 'cookie'), undefined);
  }
});

it('several values are joined as Node joins them: cookies by semicolons', () => {
  const headers = { cookie: ['a=1', 'b=2'], accept: ['text/html', '*/*'] };
  assert.equal(headerOf(headers, 'cookie'), 'a=1; b=2');
  assert.equal(headerOf(headers, 'accept'), 'text/html, */*');
});

it("a header that is named `get` does not make Node's headers those of Fetch", () => {
  assert.equal(headerOf({ get: 'x', origin: 'https://app.example' }, 'origin'), 'https://app.example');
});
