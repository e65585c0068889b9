import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createClient, type KeycloakClient } from '../../packages/guard/src/client/index.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { buildTestApp, form, PASSWORD, SECRET, shareTestApp, startIdp } from './service.ts';

const LOGIN = form({ username: 'abdullah', password: PASSWORD });

// A wrong secret, an unknown client and an unknown realm: test/contract/guide/set-up-contract.ts.
describe("what is this service's fault is 500, and the log names cause and fix", () => {
  const shared = shareTestApp();
  for (const [name, change, id] of [
    ['a disabled client', { enabled: false }, 'wrong-client-id'],
    ['direct grants off', { directAccessGrantsEnabled: false }, 'direct-grants-off'],
    ['required consent', { consentRequired: true }, 'consent-required'],
  ] as const) {
    test(name, async () => {
      const { idp, app, log } = shared;
      log.clear();
      idp.updateClient('fastapi-keycloak', change);
      const answer = await app.inject(LOGIN);
      idp.updateClient('fastapi-keycloak', {
        ...{ enabled: true, directAccessGrantsEnabled: true, consentRequired: false },
      });
      assert.equal(answer.statusCode, 500);
      assert.equal(answer.body, '{"detail":"Login is not available"}');
      assert.equal(answer.headers['www-authenticate'], undefined);
      const line = log.lines().find((one) => one.id !== undefined);
      assert.equal(line?.id, id);
      assert.equal(line?.level, 'error');
      assert.match(String(line?.msg), /^login is not available: ./);
      assert.ok(String(line?.fix).length > 20);
    });
  }
});

// What is not there, fails or hangs meanwhile: test/contract/guide/outage-contract.ts.
for (const [name, happen] of [
  ['is not there', (idp: DevIdp) => idp.goDown()],
  ['answers nonsense', (idp: DevIdp) => idp.answerGarbage()],
] as const) {
  test(`when Keycloak ${name} from the start, a login is 503 with Retry-After`, async (t) => {
    const idp = await startIdp(t);
    await happen(idp);
    const { app, log } = await buildTestApp(t, idp.url);
    const answer = await app.inject(LOGIN);
    assert.equal(answer.statusCode, 503);
    assert.equal(answer.body, '{"detail":"Identity provider unavailable"}');
    assert.equal(answer.headers['retry-after'], '5');
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.ok(log.lines().some(({ level, fix }) => level === 'warn' && typeof fix === 'string'));
  });
}

test('an error nobody thought of is 500 with one generic text, and only the log knows it', async (t) => {
  const idp = await startIdp(t);
  const client: KeycloakClient = {
    ...createClient({ serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' }),
    passwordGrant: async () => {
      throw new Error(`it broke with ${PASSWORD} and ${SECRET}`);
    },
  };
  const { app, log } = await buildTestApp(t, idp.url, {}, { client });
  const answer = await app.inject(LOGIN);
  assert.equal(answer.statusCode, 500);
  assert.equal(answer.body, '{"detail":"Internal Server Error"}');
  const line = log.lines().find(({ msg }) => msg === 'request failed');
  assert.ok(line);
  const { message, stack } = line.error as { message: string; stack: string };
  assert.equal(message, '***');
  assert.match(stack, /^ {4}at .*whose-fault\.test\.ts/, 'where it happened is known');
  assert.equal(line.reqId, answer.headers['x-request-id']);
});

test('no password, token or secret is in the log, whatever fails', async (t) => {
  const idp = await startIdp(t);
  const token = await idp.issueToken({ username: 'abdullah' });
  const apps = await Promise.all([
    buildTestApp(t, idp.url),
    buildTestApp(t, idp.url, { KEYCLOAK_CLIENT_SECRET: 'another-secret' }),
  ]);
  const broken = `{"username":"abdullah","password":"${PASSWORD}`;
  for (const moment of ['up', 'error', 'garbage', 'down']) {
    if (moment === 'error') idp.answerWithError(500);
    if (moment === 'garbage') idp.answerGarbage();
    if (moment === 'down') await idp.goDown();
    for (const { app } of apps) {
      await app.inject(LOGIN);
      await app.inject(form({ username: 'newcomer', password: PASSWORD }));
      await app.inject(form({ username: PASSWORD, password: '' }));
      await app.inject({ method: 'POST', url: '/login', payload: { username: 1, password: PASSWORD } });
      await app.inject({ ...LOGIN, headers: { 'content-type': 'application/json' }, payload: broken });
      await app.inject({ url: `/protected?access_token=${token}`, headers: { 'x-request-id': token } });
      await app.inject({ url: `/${token}`, headers: { authorization: `Bearer ${token}` } });
      await app.inject({ url: '/protected', headers: { authorization: `Bearer ${token}` } });
      await app.inject({ url: '/protected', headers: { authorization: `Bearer ${token}x` } });
      await app.inject({ url: '/protected', headers: { authorization: `Basic ${PASSWORD}` } });
    }
  }
  for (const { log } of apps) {
    const text = log.text();
    assert.ok(log.lines().length > 40);
    for (const secret of [PASSWORD, SECRET, 'another-secret', token, token.slice(-40), 'eyJ']) {
      assert.ok(!text.includes(secret), `the log has ${secret.slice(0, 12)}`);
    }
  }
});
