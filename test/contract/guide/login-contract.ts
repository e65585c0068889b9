import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertTokenLifetimes } from '../../support/token-response.ts';
import { PASSWORD } from './provider.ts';
import type { Stage } from './stage.ts';

const RIGHT = { username: 'abdullah', password: PASSWORD };
const REFUSED = { detail: 'Invalid username or password' };
const missing = (field: string) => ({
  type: 'missing',
  loc: ['body', field],
  msg: 'Field required',
  input: null,
});

export function loginContract(stage: Stage): void {
  const assertTokens = (body: unknown): void => {
    const { access_token, refresh_token, ...rest } = body as Record<string, unknown>;
    assert.match(String(access_token), /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.match(String(refresh_token), /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    assertTokenLifetimes(rest);
  };

  test('the right password gives tokens that nobody stores', async () => {
    const { status, headers, body } = await stage.service.login(RIGHT);
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    assertTokens(body);
  });

  test('JSON and multipart do the same as the form', async () => {
    const json = await stage.service.call('/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(RIGHT),
    });
    assert.equal(json.status, 200);
    assertTokens(json.body);
    const form = new FormData();
    form.set('username', RIGHT.username);
    form.set('password', RIGHT.password);
    const multipart = await stage.service.call('/login', { method: 'POST', body: form });
    assert.equal(multipart.status, 200);
    assertTokens(multipart.body);
  });

  test('a wrong password and an unknown user are told apart by nothing', async () => {
    for (const username of ['abdullah', 'nobody-of-that-name']) {
      const { status, headers, body } = await stage.service.login({ username, password: 'wrong' });
      assert.equal(status, 401, username);
      assert.deepEqual(body, REFUSED, username);
      assert.equal(headers.get('cache-control'), 'no-store', username);
    }
  });

  test('a disabled user is refused like a wrong password', async () => {
    const { status, body } = await stage.service.login({ username: 'disabled', password: PASSWORD });
    assert.equal(status, 401);
    assert.deepEqual(body, REFUSED);
  });

  test('the right password with an action to do first is 403, and a wrong one is not', async () => {
    const right = await stage.service.login({ username: 'newcomer', password: PASSWORD });
    assert.equal(right.status, 403);
    assert.deepEqual(right.body, { detail: 'Account is not fully set up' });
    const wrong = await stage.service.login({ username: 'newcomer', password: 'wrong' });
    assert.equal(wrong.status, 401);
    assert.deepEqual(wrong.body, REFUSED);
  });

  test('missing and empty fields are named, nothing is repeated, and the provider is not asked', async () => {
    const seen = stage.front.seen.length;
    for (const fields of [{}, { username: '', password: '' }]) {
      const { status, body } = await stage.service.login(fields);
      assert.equal(status, 422);
      assert.deepEqual(body, { detail: [missing('username'), missing('password')] });
    }
    const noPassword = await stage.service.login({ username: 'abdullah' });
    assert.equal(noPassword.status, 422);
    assert.deepEqual(noPassword.body, { detail: [missing('password')] });
    const noUser = await stage.service.login({ password: 'very-secret' });
    assert.equal(noUser.status, 422);
    assert.deepEqual(noUser.body, { detail: [missing('username')] });
    assert.equal(stage.front.seen.length, seen);
  });

  test('a field twice, too large a body and a broken body never reach the provider', async () => {
    const seen = stage.front.seen.length;
    const twice = await stage.service.call('/login', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'username=abdullah&username=sara&password=x',
    });
    assert.equal(twice.status, 422);
    assert.deepEqual((twice.body as { detail: { loc: string[] }[] }).detail[0]?.loc, ['body', 'username']);
    const large = await stage.service.login({ username: 'abdullah', password: 'x'.repeat(17 * 1024) });
    assert.equal(large.status, 413);
    assert.equal(typeof (large.body as { detail: unknown }).detail, 'string');
    const broken = await stage.service.call('/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"username": "abdullah", ',
    });
    assert.equal(broken.status, 400);
    assert.equal(typeof (broken.body as { detail: unknown }).detail, 'string');
    assert.equal(stage.front.seen.length, seen);
  });

  test('characters that a form has to escape reach the provider as they are', async () => {
    await stage.provider.updateUser('sara', {
      credentials: [{ type: 'password', value: 'ä&+%=# "ü', temporary: false }],
    });
    try {
      const { status } = await stage.service.login({ username: 'sara', password: 'ä&+%=# "ü' });
      assert.equal(status, 200);
    } finally {
      await stage.provider.updateUser('sara', {
        credentials: [{ type: 'password', value: PASSWORD, temporary: false }],
      });
    }
  });

  /** What the token endpoint was told of users since then; the service asks for itself too, at its start. */
  const toldSince = (count: number) =>
    stage.front.seen
      .slice(count)
      .filter(({ path, headers }) => path.endsWith('/token') && headers['x-forwarded-for'] !== undefined)
      .map(({ headers }) => ({ address: headers['x-forwarded-for'], origin: headers.origin }));

  test('the provider learns the address of the user, and no Origin', async () => {
    const before = stage.front.seen.length;
    const { status } = await stage.service.call('/login', {
      method: 'POST',
      headers: { origin: 'http://elsewhere.example', 'x-forwarded-for': '203.0.113.9' },
      body: new URLSearchParams(RIGHT),
    });
    assert.equal(status, 200);
    // What a client says of itself is not believed: TRUST_PROXY is off.
    assert.deepEqual(toldSince(before), [{ address: '127.0.0.1', origin: undefined }]);
  });

  test('behind a trusted proxy the address is the one that the proxy tells', async () => {
    const behindProxy = await stage.startOther({ TRUST_PROXY: 'loopback' });
    try {
      const before = stage.front.seen.length;
      const { status } = await behindProxy.call('/login', {
        method: 'POST',
        headers: { 'x-forwarded-for': '203.0.113.9' },
        body: new URLSearchParams(RIGHT),
      });
      assert.equal(status, 200);
      assert.deepEqual(toldSince(before), [{ address: '203.0.113.9', origin: undefined }]);
    } finally {
      await behindProxy.close();
    }
  });

  test('no password, token or secret is in the log', () => {
    const log = stage.service.logText();
    assert.doesNotMatch(log, /\beyJ[\w-]+\.|Test#123456|very-secret|for-development-only/);
    assert.match(log, /login refused/);
  });
}
