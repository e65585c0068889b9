import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileMaterial } from '../../packages/guard/src/core/credential/file-material.ts';
import { isAuthError } from '../../packages/guard/src/core/index.ts';
import { createTestKey, signCompact } from '../support/signing-keys.ts';
import {
  assertionOf,
  decode,
  fileOf,
  make,
  only,
  REFUSED,
  send,
  shownBy,
  tokenFor,
} from './made-credential.ts';

describe('a file that changes', () => {
  it('counts at once, and nobody notices a rotation whichever side is first', async () => {
    const file = fileOf('one');
    const { made, codes } = make({ secretFile: file.path });
    assert.equal((await send(made, only('one'))).response.status, 200);
    file.write('two');
    // Keycloak has the new one already, and then only the new one.
    assert.equal((await send(made, only('two'))).sent.length, 1);
    file.write('three');
    // Keycloak does not know the new one yet: the one before does it, and is tried first for a moment.
    const { sent, response } = await send(made, only('two'));
    assert.deepEqual([response.status, sent.length], [200, 2]);
    assert.equal((await send(made, only('two'))).sent.length, 1);
    assert.equal((await send(made, only('three'))).response.status, 200);
    assert.equal((await send(made, only('three'))).sent.length, 1);
    assert.deepEqual(codes(), []);
  });

  it('has no secret to hide before it is read, and then that', async () => {
    const { made } = make({ secretFile: fileOf('one').path });
    assert.deepEqual(made.secrets(), []);
    await send(made, only('one'));
    assert.ok(made.secrets().includes('one'));
  });

  it('is read again if Keycloak refuses what was in it', async () => {
    const file = fileOf('one');
    const { made } = make({ secretFile: file.path });
    const { sent, response } = await send(made, (shown) => {
      if (shown.fields.client_secret === 'one') file.write('two');
      return only('two')(shown);
    });
    assert.deepEqual([response.status, sent.length], [200, 2]);
  });

  it('that is written anew at each call is tried three times, and no more', async () => {
    const file = fileOf('0');
    const { made } = make({ secretFile: file.path });
    let writes = 0;
    const { sent, response } = await send(made, () => {
      file.write(String(++writes));
      return REFUSED;
    });
    assert.deepEqual([response.status, sent.length], [401, 3]);
  });

  it('is refused where Keycloak takes nothing of it: asked twice at most, and once after that', async () => {
    const file = fileOf('one');
    const { made } = make({ secretFile: file.path });
    await send(made);
    file.write('wrong');
    const none = only('none of them');
    assert.deepEqual((await send(made, none)).sent.length, 2);
    assert.deepEqual((await send(made, none)).response, REFUSED);
    assert.deepEqual((await send(made, none)).sent.length, 1);
    file.remove();
    assert.equal((await send(made, none)).sent.length, 1);
  });

  it('is asked for another value where Keycloak refuses the client, and for no other fault', async () => {
    const client = (status: number, error: string) => ({ status, body: JSON.stringify({ error }) });
    for (const [answer, calls] of [
      [client(401, 'unauthorized_client'), 2],
      [client(400, 'invalid_client'), 2],
      [client(400, 'invalid_grant'), 1],
      [client(401, 'invalid_token'), 1],
      [client(500, 'invalid_client'), 1],
      [client(403, 'unauthorized_client'), 1],
      [{ status: 401, body: '<html>' }, 1],
    ] as const) {
      const file = fileOf('one');
      const { made } = make({ secretFile: file.path });
      await send(made);
      file.write('two');
      assert.equal((await send(made, () => answer)).sent.length, calls, answer.body);
    }
  });

  it('holds a secret and nothing else: one line break at its end does not count', async () => {
    for (const text of ['one', 'one\n', 'one\r\n'])
      assert.equal((await shownBy(make({ secretFile: fileOf(text).path }).made)).fields.client_secret, 'one');
    for (const text of ['one\n\n', 'one\ntwo', 'one\ntwo\n', ' one', 'one ', 'one\r', '\r\n'])
      await assert.rejects(shownBy(make({ secretFile: fileOf(text).path }).made), isAuthError, text);
  });

  for (const [what, text, why] of [
    ['secretFile', '', 'it is empty'],
    ['secretFile', 'hunter2\nhunter2', 'it is more than a secret'],
    ['secretFile', 'x'.repeat(256 * 1024 + 1), 'it is too long'],
    ['keyFile', '{"hunter2', 'it is not JSON'],
    ['keyFile', 'hunter2', 'it is not a private key in PEM or a JWK'],
    ['keyFile', '{"keys":[null]}', 'there is no private key in it'],
    ['keyFile', '{"kty":"EC","d":"hunter2"}', 'it is not a private key in PEM or a JWK'],
    ['tokenFile', 'hunter2', 'it is not a signed token'],
  ] as const) {
    it(`that cannot be used is named with the reason, and not with what is in it: ${what}, ${why}`, async () => {
      const { path } = fileOf(text);
      const { made, notices } = make({ [what]: path } as never);
      await assert.rejects(shownBy(made), isAuthError);
      const [notice] = notices;
      assert.ok(notice?.message.includes(`${path} cannot be used (${why}), and there is no older one`));
      assert.equal(notice?.fix, `Look at who writes ${path}, and whether this process may read it`);
      assert.equal(notice?.level, 'error');
    });
  }

  it('holds a token that is not used in the last second, in which it could not arrive', async () => {
    const { seconds } = make({ secret: 's' });
    const { made, advance } = make({ tokenFile: fileOf(tokenFor(seconds(), 60)).path });
    advance(58.9);
    await shownBy(made);
    advance(0.1);
    await assert.rejects(shownBy(made), isAuthError);
  });

  for (const [how, spoil] of Object.entries({
    'is gone': (file: ReturnType<typeof fileOf>) => file.remove(),
    'is empty': (file) => file.write('\n'),
    'has spaces': (file) => file.write(' two\n'),
    'has more lines': (file) => file.write('two\nthree\n'),
    'is huge': (file) => file.write('x'.repeat(300 * 1024)),
  } as Record<string, (file: ReturnType<typeof fileOf>) => void>)) {
    it(`${how}: the secret before is used, with one notice if that lasts`, async (t) => {
      const file = fileOf('one');
      const { made, notices, codes } = make({ secretFile: file.path });
      let now = Math.ceil(performance.now());
      t.mock.method(performance, 'now', () => now);
      await send(made);
      spoil(file);
      await send(made);
      now += 900;
      await send(made);
      assert.deepEqual(codes(), []);
      now += 100;
      for (let i = 0; i < 3; i++) {
        assert.equal((await shownBy(made)).fields.client_secret, 'one');
      }
      assert.deepEqual(codes(), ['credential_old']);
      assert.match(notices[0]?.message ?? '', /cannot be used \(.+\), the one before is used/);
      assert.equal(notices[0]?.level, 'warn');
      file.write('two');
      assert.equal((await shownBy(made)).fields.client_secret, 'two');
      assert.deepEqual(codes(), ['credential_old', 'credential_back']);
    });
  }

  it('that was never good is 503, and counts as soon as it is there', async () => {
    const file = fileOf('');
    const { made, codes } = make({ secretFile: file.path });
    for (let i = 0; i < 2; i++) {
      await assert.rejects(shownBy(made), (error) => {
        assert.ok(isAuthError(error));
        assert.deepEqual([error.code, error.statusCode], ['provider_unavailable', 503]);
        return true;
      });
    }
    assert.deepEqual(codes(), ['credential_missing']);
    file.write('one');
    assert.equal((await shownBy(made)).fields.client_secret, 'one');
    assert.deepEqual(codes(), ['credential_missing', 'credential_back']);
  });

  it('holds a token that is used until it expires, and not after that', async (t) => {
    let now = Math.ceil(performance.now());
    t.mock.method(performance, 'now', () => now);
    const { seconds } = make({ secret: 's' });
    const file = fileOf(tokenFor(seconds(), 60));
    const { made, codes, advance } = make({ tokenFile: file.path });
    const first = assertionOf(await shownBy(made));
    for (const half of [first.slice(0, 40), `${first.split('.').slice(0, 2).join('.')}.`, 'x']) {
      file.write(half);
      now += 600;
      assert.equal(assertionOf(await shownBy(made)), first);
    }
    file.write(tokenFor(seconds(), -5));
    assert.equal(assertionOf(await shownBy(made)), first);
    assert.deepEqual(codes(), ['credential_old']);
    advance(61);
    await assert.rejects(shownBy(made), isAuthError);
    assert.deepEqual(codes(), ['credential_old', 'credential_missing']);
    const next = tokenFor(seconds(), 600);
    file.write(next);
    assert.equal(assertionOf(await shownBy(made)), next);
    advance(600);
    // Nobody wrote a new one.
    await assert.rejects(shownBy(made), isAuthError);
    file.write(signCompact({ alg: 'ES256' }, { sub: 'a' }, createTestKey('ES256').privateKey, 'ES256'));
    await shownBy(made);
  });

  it('holds keys: what is written half is not used, a set publishes all and signs with the first', async () => {
    const [one, two] = [createTestKey('ES256', { kid: '1' }), createTestKey('ES256', { kid: '2' })];
    const [first, second] = [one, two].map(({ privateKey, kid }) => ({
      ...privateKey.export({ format: 'jwk' }),
      kid,
    }));
    const file = fileOf(JSON.stringify({ keys: [second, first, one.jwk] }));
    const { made } = make({ keyFile: file.path });
    const kidOf = async () =>
      (decode(String(assertionOf(await shownBy(made)).split('.')[0])) as { kid: string }).kid;
    assert.equal(await kidOf(), '2');
    const { keys } = await made.publicKeys();
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      ['2', '1'],
    );
    for (const half of [
      JSON.stringify(first).slice(0, 50),
      JSON.stringify(one.jwk),
      '-----BEGIN PRIVATE KEY-----',
      '{}',
    ]) {
      file.write(half);
      assert.equal(await kidOf(), '2');
    }
    file.write(JSON.stringify(first));
    assert.equal(await kidOf(), '1');
    // The keys before stay published, for assertions that are on their way.
    assert.deepEqual(
      (await made.publicKeys()).keys.map(({ kid }) => kid),
      ['1', '2', '1'],
    );
  });
});

it('a pipe in the place of a file is refused at once: to open it would wait for somebody who writes', async (t) => {
  const path = join(mkdtempSync(join(tmpdir(), 'pipe-')), 'token');
  execFileSync('mkfifo', [path]);
  t.after(() => rmSync(dirname(path), { recursive: true }));
  const material = fileMaterial(
    { what: 'token file', path, parse: (text) => [text] },
    { onNotice() {}, clock: Date.now },
  );
  const error: unknown = await material.candidates().catch((one: unknown) => one);
  assert.ok(isAuthError(error) && error.code === 'provider_unavailable');
  assert.match(error.reason, /it is not a file/);
});
