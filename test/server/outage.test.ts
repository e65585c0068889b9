import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { buildTestApp, form, PASSWORD, startIdp } from './service.ts';

const LOGIN = form({ username: 'abdullah', password: PASSWORD });

test('a Keycloak that is gone is said by readiness and the log at the first login, twice, and its end at the first answer', async (t) => {
  const idp = await startIdp(t);
  let isGone = false;
  const proxy = createServer((incoming, outgoing) => {
    if (isGone) return void incoming.socket.destroy();
    const { method, headers, url = '' } = incoming;
    incoming.pipe(
      request(idp.url + url, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      }),
    );
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const { app, log } = await buildTestApp(t, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  const keycloak = async () => (await app.inject('/health/ready')).json().checks.keycloak;
  for (isGone of [false, true, false, true, false]) {
    assert.equal((await app.inject(LOGIN)).statusCode, isGone ? 503 : 200);
    const detail = isGone ? 'Does not answer: see the log' : 'Answers';
    assert.deepEqual(await keycloak(), { ok: !isGone, detail });
  }
  const told = log.lines().flatMap(({ code }) => (/^provider_/.test(String(code)) ? [code] : []));
  assert.deepEqual(told, ['provider_unavailable', 'provider_back', 'provider_unavailable', 'provider_back']);
});

test('an outage that logins meet is one line of the log, and one that it is over; readiness says so, too', async (t) => {
  const idp = await startIdp(t);
  const { app, log } = await buildTestApp(t, idp.url, { KEYCLOAK_TIMEOUT_MS: '2000' });
  const told = () =>
    log
      .lines()
      .map(({ code }) => code)
      .filter((code) => /^(provider|keys|keycloak)_/.test(String(code)));
  const keycloak = async () => (await app.inject('/health/ready')).json().checks.keycloak;
  assert.equal((await app.inject(LOGIN)).statusCode, 200);
  assert.equal((await keycloak()).ok, true);
  idp.answerSlowly(Number.POSITIVE_INFINITY);
  const logins = await Promise.all(Array.from({ length: 4 }, () => app.inject(LOGIN)));
  assert.deepEqual(new Set(logins.map(({ statusCode }) => statusCode)), new Set([503]));
  assert.deepEqual(told(), ['keys_loaded', 'provider_unavailable']);
  assert.deepEqual(await keycloak(), { ok: false, detail: 'Does not answer: see the log' });
  idp.answerNormally();
  // One request in a second asks whether it is back: no more logins than a user may try in a minute.
  await eventually('a login', async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return (await app.inject(LOGIN)).statusCode === 200;
  });
  assert.deepEqual(told(), ['keys_loaded', 'provider_unavailable', 'provider_back']);
  assert.equal((await keycloak()).ok, true);
});
