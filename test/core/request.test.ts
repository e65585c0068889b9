import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hasSeveralHosts, headerOf, parameterIn } from '../../packages/guard/src/core/internal.ts';

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

it('a parameter is read by its name from a query or a form, decoded; twice it is not there', () => {
  const text = 'a=1&state=x%20y+z&b&xstate=2&states=3&c=state=4&&d=%zz&e=%C3%A4&f=a=b';
  assert.equal(parameterIn(text, 'state'), 'x y z');
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'y'].map((name) => parameterIn(text, name)),
    ['1', '', 'state=4', '%zz', 'ä', 'a=b', undefined, undefined],
  );
  for (const other of ['state=1', 'state', 'state=', 'state=x%20y+z'])
    assert.equal(parameterIn(`${text}&${other}`, 'state'), undefined);
  assert.equal(parameterIn('', 'state'), undefined);
  assert.equal(parameterIn('state', 'state'), '');
  assert.equal(parameterIn('st%61te=1', 'state'), undefined, 'a name with an escape is another one');
  assert.equal(parameterIn('state=%ff', 'state'), '\ufffd');
});

it('a request of the Fetch standard names several hosts if the target that it was made of names another than its header', () => {
  const headers = new Headers({ host: 'app.example' });
  const url = 'http://app.example/a';
  for (const [target, isSeveral] of [
    [undefined, false],
    ['/a', false],
    ['http://app.example/a', false],
    ['http://other.example/a', true],
  ] as const) {
    assert.equal(hasSeveralHosts({ headers, url, target }), isSeveral, target);
  }
});
