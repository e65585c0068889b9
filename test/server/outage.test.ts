import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { buildTestApp, form, PASSWORD, startIdp } from './service.ts';

const LOGIN = form({ username: 'abdullah', password: PASSWORD });

test('an outage that logins meet is one line of the log, and one that it is over; readiness says so, too', async (t) => {
  const idp = await startIdp(t);
  const { app, log } = await buildTestApp(t, idp.url, { KEYCLOAK_TIMEOUT_MS: '5000' });
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
