import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { createCookiesFor, toCookieName } from '../../packages/guard/src/session/cookie/cookies.ts';
import { resolveSessionOptions } from '../../packages/guard/src/session/resolved-options.ts';

test('a session cookie is named for its client', () => {
  assert.equal(toCookieName('my-api'), 'session-my-api');
  assert.equal(toCookieName('My_API'), 'session-My_API');
});

test('client ids that differ have cookies that differ, whatever is in them, and each name may stand in a cookie', () => {
  const ids = [
    ...['my-api', 'my api', 'my/api', 'my.api', 'my;api', 'my=api', 'my-api-', '-my-api', 'MY-API'],
    ...[
      'https://app.example.com',
      'https://app.example.com/',
      'schlüssel',
      'ключ',
      '鍵',
      '"',
      '\r\n',
      ';',
      ' ',
    ],
    // `é` has this hash.
    ...['é', '4a99557e', 'x-4a99557e'],
    ...['__Host-app', '__Secure-app', `${'a'.repeat(41)}`, `${'a'.repeat(42)}`, `${'a'.repeat(255)}`],
  ];
  ids.push(toCookieName('my api').replace('session-', ''));
  const names = ids.map(toCookieName);
  assert.equal(new Set(names).size, ids.length);
  for (const name of names) assert.match(name, /^session-[\w-]{1,52}$/);
});

const optionsWith = (cookieName: unknown) =>
  resolveSessionOptions({
    client: createClient({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'my api' }),
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    cookieName: cookieName as string,
  });

test('a name that was chosen is taken, one that browsers or the header would take for something else is refused', () => {
  assert.equal(optionsWith('connect.sid').cookieName, 'connect.sid');
  assert.match(optionsWith(undefined).cookieName, /^session-my-api-[0-9a-f]{8}$/);
  for (const name of [
    '',
    '__Host-app',
    '__Secure-app',
    '__http-app',
    'a b',
    'a;b',
    'a=b',
    'a,b',
    'ü',
    '-a',
    'a'.repeat(81),
    7,
  ]) {
    assert.throws(
      () => optionsWith(name),
      (error) => {
        assert.ok(error instanceof OptionsError);
        assert.deepEqual(
          error.problems.map(({ option }) => option),
          ['cookieName'],
        );
        return true;
      },
    );
  }
});

test('on https both kinds of cookies have the prefix by which no other host can set them', () => {
  const { session, login, set } = createCookiesFor('session-my-api')('https://app.example.com');
  assert.deepEqual([session, login], ['__Host-session-my-api', '__Host-session-my-api-login-']);
  assert.equal(set(session, 'x'), '__Host-session-my-api=x; Path=/; HttpOnly; Secure; SameSite=Lax');
  const plain = createCookiesFor('session-my-api')('http://localhost:3000');
  assert.equal(plain.set(plain.session, 'x'), 'session-my-api=x; Path=/; HttpOnly; SameSite=Lax');
});
