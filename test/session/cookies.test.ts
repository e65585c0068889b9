import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  readCookie,
  readCookies,
  readCookiesStartingWith,
  toSetCookie,
} from '../../packages/guard/src/session/cookie/cookies.ts';

test('a cookie is for this host, for no script and for no other site', () => {
  assert.equal(
    toSetCookie({ name: '__Host-a', value: 'x.+/=', secure: true }),
    '__Host-a=x.%2B%2F%3D; Path=/; HttpOnly; Secure; SameSite=Lax',
  );
  assert.equal(
    toSetCookie({ name: 'a', value: '', secure: false, maxAgeSeconds: 0 }),
    'a=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax',
  );
});

test('whatever the value is, no attribute comes of it', () => {
  const value = 'x; Domain=evil.test\r\nSet-Cookie: b="c", d\u0000é';
  assert.equal(
    toSetCookie({ name: 'a', value, secure: true, maxAgeSeconds: 600 }),
    'a=x%3B%20Domain%3Devil.test%0D%0ASet-Cookie%3A%20b%3D%22c%22%2C%20d%00%C3%A9; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax',
  );
});

test('what browsers would drop, or take for something else, is refused, and the value is not told', () => {
  const secure = true;
  for (const name of ['', 'a b', 'a;b', 'a=b', 'a,b', 'a"b', 'ü', 'a\r\n', 'a\u0000', '(a)']) {
    assert.throws(
      () => toSetCookie({ name, value: 'secret', secure }),
      new TypeError('The name of a cookie must be a token (RFC 6265bis §4.1.1)'),
    );
  }
  assert.ok(toSetCookie({ name: 'a', value: 's'.repeat(4095), secure }));
  for (const value of ['s'.repeat(4096), '+'.repeat(1366)]) {
    assert.throws(
      () => toSetCookie({ name: 'a', value, secure }),
      new TypeError('The cookie a has more than 4096 octets: browsers would drop it'),
    );
  }
  for (const maxAgeSeconds of [1.5, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => toSetCookie({ name: 'a', value: 'secret', secure, maxAgeSeconds }),
      new TypeError('The lifetime of the cookie a must be whole seconds'),
    );
  }
});

test('one cookie is read as it came; twice it is none, and all of them are had when asked for', () => {
  assert.equal(readCookie(undefined, 'a'), undefined);
  assert.equal(readCookie('b=a=1; aa=2; a=3%2B; c', 'a'), '3%2B');
  assert.equal(readCookie('a=1; b=2', 'a'), '1');
  assert.equal(readCookie('a=1; b=2; a=1', 'a'), undefined);
  assert.deepEqual(readCookies('a=1; b=2;a=3 ; a', 'a'), ['1', '3']);
});

test('a header that is as long as servers take costs no more than its length', () => {
  const header = `b=c${' '.repeat(16_000)}d;e${'\t'.repeat(16_000)}f=;`.repeat(2);
  const before = process.cpuUsage();
  assert.equal(readCookie(`${header} a=1; a=2`, 'a'), undefined);
  assert.deepEqual([...readCookiesStartingWith(`${header} a-1=x`, 'a-')], [['a-1', 'x']]);
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 200_000, `${user + system} µs`);
});

test('of cookies whose names begin alike the first of each name is read, as it stands', () => {
  const header =
    'x-1=one;x-2=%74wo ; x-1=other; x-3=%zz; x-4; y=1;  x-5 = a=b; x-__proto__=p; xx-6=1; y= x-7=1';
  assert.deepEqual(
    [...readCookiesStartingWith(header, 'x-')],
    [
      ['x-1', 'one'],
      ['x-2', '%74wo'],
      ['x-3', '%zz'],
      ['x-5', 'a=b'],
      ['x-__proto__', 'p'],
    ],
  );
  assert.deepEqual([...readCookiesStartingWith(undefined, 'x-')], []);
});

test('only spaces and tabs stand around a name: a sibling host may set one of ours behind a no-break space', () => {
  for (const blank of ['\u00a0', '\ufeff', '\u000b', '\u000c', '\u2028', '\u00a0 \t']) {
    const header = `${blank}__Host-a-login-1=planted; ${blank}__Host-a=planted`;
    assert.deepEqual([...readCookiesStartingWith(header, '__Host-a-login-')], [], JSON.stringify(blank));
    assert.deepEqual(readCookies(header, '__Host-a'), []);
    assert.equal(readCookie(header, '__Host-a'), undefined);
  }
  assert.deepEqual([...readCookiesStartingWith('x=1;\t a-1 = v \t', 'a-')], [['a-1', 'v']]);
});

test('of hundreds of cookies with one name the first twenty are read: each costs a signature', () => {
  const header = Array.from({ length: 300 }, (_, at) => `session=${at}`).join('; ');
  assert.deepEqual(
    readCookies(header, 'session'),
    Array.from({ length: 20 }, (_, at) => `${at}`),
  );
});
