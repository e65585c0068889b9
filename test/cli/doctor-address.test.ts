import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import tls, { type ConnectionOptions, type DetailedPeerCertificate } from 'node:tls';
import { isTooLong, lacksToken, reasonOf } from '../../packages/cli/src/doctor/check.ts';
import { ADDRESS_CHECKS, judgeHandshake } from '../../packages/cli/src/doctor/checks/address.ts';
import { answer, askDoctor, CALLER, say } from './support/ask-doctor.ts';

// What the doctor says of the address of Keycloak, without one.

const at = (serverUrl: string) => ({ reach: { caller: { ...CALLER, serverUrl } } });
const DAY_MS = 86_400_000;

/** A server whose certificate Node trusts, for so many days more. */
function trust(t: TestContext, daysLeft: number) {
  const asked: ConnectionOptions[] = [];
  const connect = t.mock.method(tls, 'connect', ((options: ConnectionOptions) => {
    asked.push(options);
    const socket = Object.assign(new EventEmitter(), {
      setTimeout() {},
      destroy() {},
      getPeerCertificate: () => ({
        valid_to: new Date(Date.now() + daysLeft * DAY_MS).toUTCString(),
        subject: { CN: 'sso.shop.test' },
      }),
    });
    queueMicrotask(() => socket.emit('secureConnect'));
    return socket;
  }) as unknown as typeof tls.connect);
  syncBuiltinESMExports();
  t.after(() => {
    connect.mock.restore();
    syncBuiltinESMExports();
  });
  return asked;
}

test('a certificate that ends within two weeks is told before it does', async (t) => {
  const asked = trust(t, 14.5);
  assert.deepEqual(await askDoctor(ADDRESS_CHECKS, 'address.tls', at('https://sso.shop.test')), {
    ...{ id: 'address.tls', status: 'warn', setup: undefined },
    seen: 'the certificate is trusted, 14 days left',
    cause: 'the certificate ends soon, and then every call fails',
    fix: 'Renew the certificate of sso.shop.test.',
  });
  const [{ host, port, servername, rejectUnauthorized } = {}] = asked;
  assert.deepEqual(
    [host, port, servername, rejectUnauthorized],
    ['sso.shop.test', 443, 'sso.shop.test', true],
  );
});

test('one that is good for longer is well', async (t) => {
  const asked = trust(t, 15.5);
  assert.equal(
    await say(ADDRESS_CHECKS, 'address.tls', at('https://127.0.0.1:8443')),
    'ok the certificate is trusted, 15 days left',
  );
  // An address is no name to ask for.
  assert.deepEqual([asked[0]?.port, asked[0]?.servername], [8443, undefined]);
});

test('a name is told with its addresses, or with why it has none', async () => {
  const dns = (url: string) => say(ADDRESS_CHECKS, 'address.dns', at(url));
  assert.match(await dns('http://localhost:8080'), /^ok localhost is .*(127\.0\.0\.1|::1)/);
  assert.equal(await dns('http://[::1]:8080'), 'ok ::1 is an address');
  const none = await askDoctor(ADDRESS_CHECKS, 'address.dns', at('http://nowhere.invalid'));
  assert.match(none.seen, /^nowhere\.invalid: E[A-Z_]+$/);
  assert.equal(none.cause, 'the host name in http://nowhere.invalid does not resolve');
});

test('what a refusal says is its error and its description, in the body or in the challenge', () => {
  for (const [given, reason] of [
    [answer(400, { error: 'a', error_description: 'b' }), 'a: b'],
    [answer(400, { error: 'a', error_description: 7 }), 'a'],
    [answer(400, { error: 'a' }), 'a'],
    [answer(400, { error: 7, error_description: 'b' }), ''],
    [answer(401, {}, { 'www-authenticate': 'Bearer error="c", error_description="d"' }), 'c d'],
    [answer(401, undefined, { 'www-authenticate': 'Bearer realm="x"' }), ''],
    [answer(401), ''],
  ] as const)
    assert.equal(reasonOf(given as never), reason);
});

test('a challenge without an error says that no token came; one with an error, or of another scheme, does not', () => {
  for (const [challenge, lacks] of [
    ['Bearer realm="x"', true],
    ['Bearer realm="x", error="invalid_token"', false],
    ['Bearer realm="x", error_description="gone"', false],
    ['Basic realm="x"', false],
    ['Bearer realm="x", Basic realm="y"', false],
    [undefined, false],
  ] as const) {
    const headers = challenge === undefined ? {} : { 'www-authenticate': challenge };
    assert.equal(lacksToken(answer(401, undefined, headers) as never), lacks, challenge);
    assert.equal(lacksToken(answer(400, undefined, headers) as never), false, challenge);
  }
});

test('a header is too long where the server says so, or a proxy in words', () => {
  const page = (status: number, text: string, json?: object) => ({ ...answer(status, json), text });
  for (const [given, isIt] of [
    [page(431, ''), true],
    [page(400, 'Request Header Or Cookie Too Large'), true],
    [page(400, 'too long'), true],
    [page(400, 'Bad Request'), false],
    [page(400, 'a header is missing', { error: 'a header is missing' }), false],
    [page(401, 'Request Header Or Cookie Too Large'), false],
  ] as const)
    assert.equal(isTooLong(given as never), isIt, JSON.stringify(given));
});

test('the port is that of the scheme where the address names none', async () => {
  for (const [url, seen] of [
    ['https://127.0.0.1', /^127\.0\.0\.1:443\b/],
    ['http://127.0.0.1', /^127\.0\.0\.1:80\b/],
    ['http://[::1]:1', /^::1:1: /],
  ] as const)
    assert.match((await askDoctor(ADDRESS_CHECKS, 'address.port', at(url))).seen, seen);
});

test('a certificate that nobody signed is saved from the port on which Keycloak speaks HTTPS', () => {
  const certificate = {
    ...{ subject: { CN: 'sso' }, issuer: { CN: 'sso' }, fingerprint256: 'AB:CD' },
  } as unknown as DetailedPeerCertificate;
  for (const [url, address] of [
    ['https://sso.shop.test', 'sso.shop.test:443'],
    ['https://sso.shop.test:8443', 'sso.shop.test:8443'],
  ] as const) {
    const { fix } = judgeHandshake('DEPTH_ZERO_SELF_SIGNED_CERT', certificate, new URL(url));
    assert.ok(fix.includes(`openssl s_client -connect ${address} -showcerts`), fix);
  }
});
