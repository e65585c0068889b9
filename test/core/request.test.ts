import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  hasSeveralHosts,
  isOrigin,
  receivedHeaderOf,
  targetOf,
  toWrittenOrigin,
} from '../../packages/guard/src/core/http/request.ts';
import { headerOf, parameterIn } from '../../packages/guard/src/core/internal.ts';

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

it('a request of Node names several hosts by its header, by two of them, by its target or its authority', () => {
  const one = { host: 'app.example' };
  const raw = (...hosts: string[]) => hosts.flatMap((host) => ['Host', host]);
  for (const [isSeveral, request] of [
    [false, { headers: {}, url: 'http://other.example/a' }],
    [false, { headers: one, url: '/a' }],
    [false, { headers: one, rawHeaders: raw('app.example'), url: '/a' }],
    [true, { headers: one, rawHeaders: raw('app.example', 'app.example'), url: '/a' }],
    [true, { headers: { host: 'app.example, other.example' }, url: '/a' }],
    [false, { headers: one, url: 'http://app.example/a' }],
    [false, { headers: one, url: 'http://app.example?a' }],
    [true, { headers: one, url: 'http://other.example/a' }],
    [true, { headers: one, url: 'h2+x.1-y://other.example' }],
    [true, { headers: one, url: 'http://other.example?app.example' }],
    [false, { headers: one, url: '/http://other.example/' }],
    [false, { headers: one, url: 'app.example:443' }],
    [true, { headers: one, url: '/a', originalUrl: 'http://other.example/b/a' }],
    [false, { headers: one, url: 'http://other.example/a', originalUrl: '/b/a' }],
    [false, { headers: { ...one, ':authority': 'app.example' }, url: '/a' }],
    [true, { headers: { ...one, ':authority': 'other.example' }, url: '/a' }],
  ] as const) {
    assert.equal(hasSeveralHosts(request), isSeveral, JSON.stringify(request));
  }
});

it('a handshake names another host if a header of it is not as it arrived', () => {
  const arrived = ['Host', 'app.example', 'Upgrade', 'websocket', 'X-Forwarded-Proto', 'https'];
  const headers = { host: 'app.example', upgrade: 'websocket', 'x-forwarded-proto': 'https' };
  const after = (more: object, method = 'GET', rawHeaders = arrived) =>
    hasSeveralHosts({ method, url: '/a', rawHeaders, headers: { ...headers, ...more } });
  assert.equal(after({}), false);
  assert.equal(after({ host: 'other.example' }), true);
  assert.equal(after({ 'x-forwarded-host': 'other.example' }), true);
  assert.equal(after({ 'x-forwarded-proto': 'http' }), true);
  assert.equal(after({ host: 'other.example' }, 'GET', []), false, 'nothing is known of what arrived');
  // Of any other request, a proxy that an application trusts may have been asked for.
  assert.equal(after({ upgrade: undefined, 'x-forwarded-host': 'other.example' }), false);
  assert.equal(after({ upgrade: undefined, 'x-forwarded-host': 'other.example' }, 'CONNECT'), true);
});

it('a header as it arrived is read from names, not from values, and joined', () => {
  const rawHeaders = ['X-A', 'cookie', 'COOKIE', 'a=1', 'Cookie', 'b=2', 'Accept', 'x', 'accept', 'y'];
  const request = { headers: { cookie: 'later', 'x-a': 'later' }, rawHeaders };
  assert.equal(receivedHeaderOf(request, 'cookie'), 'a=1; b=2');
  assert.equal(receivedHeaderOf(request, 'accept'), 'x, y');
  assert.equal(receivedHeaderOf(request, 'a=1'), undefined);
  assert.equal(receivedHeaderOf({ headers: request.headers }, 'cookie'), 'later');
  assert.equal(receivedHeaderOf({ ...request, rawHeaders: ['A', 'b'] }, 'cookie'), undefined);
});

it('the target is what follows scheme and host', () => {
  for (const [url, target] of [
    ['/a/../b?c', '/a/../b?c'],
    ['http://app.example/a\\b', '/a\\b'],
    ['HTTP://app.example:80?c', '?c'],
    ['http://app.example#c', '#c'],
    ['http://app.example\\a', '\\a'],
    ['h2+x.1-y://app.example/a', '/a'],
    ['1http://app.example/a', '1http://app.example/a'],
    ['/http://app.example/a', '/http://app.example/a'],
    ['http:///x/a', 'http:///x/a'],
  ] as const) {
    assert.equal(targetOf(url), target, url);
  }
});

it('an origin is scheme, host and port alone, and is written as browsers write it', () => {
  const longest = `${'a.'.repeat(126)}a`;
  for (const [text, isOne, written] of [
    ['https://app.example', true, undefined],
    ['https://app.example/', true, 'https://app.example'],
    ['https://app.example:443', true, 'https://app.example'],
    ['http://app.example:80', true, 'http://app.example'],
    ['http://app.example:443', true, undefined],
    ['https://app.example:8443', true, undefined],
    ['https://app.example:04430', true, 'https://app.example:4430'],
    ['HTTPS://APP.example', true, 'https://app.example'],
    ['https://app.example/a', false, undefined],
    ['https://app.example:443/a', false, undefined],
    ['https://anna@app.example:443', false, undefined],
    ['https://app.example:443?a', false, undefined],
    ['app.example', false, undefined],
    ['', false, undefined],
    [`https://${longest}:443`, true, `https://${longest}`],
    [`https://${longest}a:443`, false, undefined],
  ] as const) {
    assert.equal(isOrigin(text), isOne, text);
    assert.equal(toWrittenOrigin(text), written ?? text, text);
  }
});
