import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient, type KeycloakClient } from '../../packages/guard/src/client/index.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { buildTestApp, form, PASSWORD, SECRET, startIdp } from './service.ts';

const LOGIN = form({ username: 'abdullah', password: PASSWORD });

const SETUP: Record<
  string,
  { settings?: Record<string, string>; prepare?: (idp: DevIdp) => void; id: string }
> = {
  'a wrong client secret': { settings: { KEYCLOAK_CLIENT_SECRET: 'not-the-secret' }, id: 'wrong-secret' },
  'an unknown client': { settings: { KEYCLOAK_CLIENT_ID: 'nobody' }, id: 'wrong-client-id' },
  'a disabled client': {
    prepare: (idp) => idp.updateClient('fastapi-keycloak', { enabled: false }),
    id: 'wrong-client-id',
  },
  'direct grants off': {
    prepare: (idp) => idp.updateClient('fastapi-keycloak', { directAccessGrantsEnabled: false }),
    id: 'direct-grants-off',
  },
  'required consent': {
    prepare: (idp) => idp.updateClient('fastapi-keycloak', { consentRequired: true }),
    id: 'consent-required',
  },
  'an unknown realm': { settings: { KEYCLOAK_REALM: 'Testing' }, id: 'wrong-realm' },
};

for (const [name, { settings, prepare, id }] of Object.entries(SETUP)) {
  test(`${name} is this service's fault: 500, and the log names cause and fix`, async (t) => {
    const idp = await startIdp(t);
    prepare?.(idp);
    const { app, log } = await buildTestApp(t, idp.url, settings);
    const answer = await app.inject(LOGIN);
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

const OUTAGES: Record<string, (idp: DevIdp) => unknown> = {
  'is not there': (idp) => idp.goDown(),
  'answers 500': (idp) => idp.answerWithError(500),
  'answers 503': (idp) => idp.answerWithError(503),
  'answers too late': (idp) => idp.answerSlowly(Number.POSITIVE_INFINITY),
  'answers nonsense': (idp) => idp.answerGarbage(),
};

for (const [name, happen] of Object.entries(OUTAGES)) {
  test(`when Keycloak ${name}, a login is 503 with Retry-After, from the start and later`, async (t) => {
    for (const isLoggedInBefore of [false, true]) {
      const idp = await startIdp(t);
      const settings = { KEYCLOAK_TIMEOUT_MS: '200' };
      if (!isLoggedInBefore) await happen(idp);
      const { app, log } = await buildTestApp(t, idp.url, isLoggedInBefore ? {} : settings);
      if (isLoggedInBefore) {
        if (name === 'answers too late') continue;
        assert.equal((await app.inject(LOGIN)).statusCode, 200);
        await happen(idp);
      }
      const answer = await app.inject(LOGIN);
      assert.equal(answer.statusCode, 503);
      assert.equal(answer.body, '{"detail":"Identity provider unavailable"}');
      assert.equal(answer.headers['retry-after'], '5');
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.ok(log.lines().some(({ level, fix }) => level === 'warn' && typeof fix === 'string'));
    }
  });
}

test('with Keycloak down, tokens whose keys are known go on being verified', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url);
  const first = await idp.issueToken({ username: 'abdullah' });
  const second = await idp.issueToken({ username: 'sara' });
  const get = (token: string) =>
    app.inject({ url: '/protected', headers: { authorization: `Bearer ${token}` } });
  assert.equal((await get(first)).statusCode, 200);
  await idp.goDown();
  assert.equal((await get(first)).statusCode, 200);
  assert.equal((await get(second)).statusCode, 200);
});

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
