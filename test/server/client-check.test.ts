import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { ClientError, createClient, type KeycloakClient } from '../../packages/guard/src/client/index.ts';
import { startService } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { createClientCheck } from '../../packages/server/src/readiness/readiness.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { eventually } from '../support/eventually.ts';
import { buildTestApp, collectLog, configFor, PASSWORD, SECRET, startIdp } from './service.ts';

const NOTICES = ['client_refused', 'client_unchecked', 'client_accepted'];

async function start(t: TestContext, idp: DevIdp, settings: Record<string, string> = {}) {
  const log = collectLog();
  const config = configFor(idp.url, settings);
  const service = await startService(config, { logger: createLoggerTo(config, log.stream) });
  t.after(() => service.close());
  const ready = async () => {
    const answer = await fetch(`${service.url}/health/ready`);
    const { checks } = (await answer.json()) as { checks: Record<string, unknown> };
    return { status: answer.status, client: checks.client };
  };
  const notices = () => log.lines().filter(({ code }) => NOTICES.includes(String(code)));
  return { ready, notices, url: service.url };
}

for (const [what, settings, id] of [
  ['client id', { KEYCLOAK_CLIENT_ID: 'nobody' }, 'wrong-client-id'],
  ['client secret', { KEYCLOAK_CLIENT_SECRET: 'not-the-secret' }, 'wrong-secret'],
  ['realm', { KEYCLOAK_REALM: 'Testing' }, 'wrong-realm'],
] as const) {
  test(`with a wrong ${what} a service that starts is not ready, and the log names cause, fix and the doctor`, async (t) => {
    const { ready, notices } = await start(t, await startIdp(t), settings);
    await eventually('it is told', () => notices().length > 0);
    const [line] = notices();
    assert.deepEqual([line?.level, line?.code, line?.id], ['error', 'client_refused', id]);
    assert.match(String(line?.msg), /^this service is not set up right: .+/);
    assert.ok(String(line?.fix).length > 20);
    assert.equal(line?.doctor, 'npx keycloak-guard doctor');
    const client = { ok: false, detail: 'Not accepted by Keycloak: see the log' };
    assert.deepEqual(await ready(), { status: 503, client });
  });
}

test('with a key file that is not there a service is not ready', async (t) => {
  const settings = { KEYCLOAK_CLIENT_SECRET: '', KEYCLOAK_CLIENT_KEY_FILE: '/nowhere/key.pem' };
  const { ready, notices } = await start(t, await startIdp(t), settings);
  await eventually('Keycloak was to be asked', () => notices().length > 0);
  const client = { ok: false, detail: 'Keycloak could not be asked: see the log' };
  await eventually('it is said', async () => isDeepStrictEqual(await ready(), { status: 503, client }));
});

test('a service that is set up right is ready, says nothing, and stays ready when its secret is changed, which it says', async (t) => {
  const idp = await startIdp(t);
  const { ready, notices, url } = await start(t, idp);
  await eventually('it is ready', async () => (await ready()).status === 200);
  const accepted = { status: 200, client: { ok: true, detail: 'Accepted by Keycloak' } };
  assert.deepEqual([await ready(), notices()], [accepted, []]);
  const logIn = async () => {
    const body = new URLSearchParams({ username: 'abdullah', password: PASSWORD });
    return (await fetch(`${url}/login`, { method: 'POST', body })).status;
  };
  idp.updateClient('fastapi-keycloak', { secret: 'another' });
  assert.equal(await logIn(), 500);
  await eventually('it is said', async () => notices().length > 0);
  const refused = { status: 200, client: { ok: false, detail: 'Not accepted by Keycloak: see the log' } };
  assert.deepEqual(await ready(), refused);
  idp.updateClient('fastapi-keycloak', { secret: SECRET });
  assert.equal(await logIn(), 200);
  assert.deepEqual(await ready(), accepted);
  assert.deepEqual(
    notices().map(({ code, id }) => [code, id]),
    [
      ['client_refused', 'wrong-secret'],
      ['client_accepted', undefined],
    ],
  );
});

test('that its client is not accepted any more is said by readiness where a token was checked, too', async (t) => {
  const idp = await startIdp(t);
  const { ready, url } = await start(t, idp, { TOKEN_CHECK: 'remote' });
  await eventually('it is ready', async () => (await ready()).status === 200);
  const token = await idp.issueToken({ username: 'abdullah' });
  const callApi = async () =>
    (await fetch(`${url}/protected`, { headers: { authorization: `Bearer ${token}` } })).status;
  assert.equal(await callApi(), 200);
  idp.updateClient('fastapi-keycloak', { secret: 'another' });
  // Userinfo, which needs no client, answers instead of the introspection.
  assert.equal(await callApi(), 200);
  const client = { ok: false, detail: 'Not accepted by Keycloak: see the log' };
  await eventually('it is said', async () => isDeepStrictEqual(await ready(), { status: 200, client }));
});

const errorOf = (id: string, kind: ClientError['kind']) =>
  new ClientError({ id, kind, cause: `cause of ${id}`, fix: `fix of ${id}` });
const REFUSED = errorOf('wrong-secret', 'client_misconfigured');
const AWAY = errorOf('unreachable-refused', 'provider_unavailable');
const ACCEPTED = errorOf('session-over', 'invalid_credentials');

test('it is asked until the client is accepted, and each cause is told once', async () => {
  const answers = [AWAY, AWAY, REFUSED, REFUSED, AWAY, ACCEPTED];
  const seen: unknown[] = [];
  const log = collectLog();
  let next = (): void => {};
  const check = createClientCheck({
    client: {
      refresh: () =>
        new Promise<never>((_, reject) => {
          seen.push([check.isInTheWay, check.status?.detail]);
          next = () => reject(answers.shift());
        }),
    },
    logger: createLoggerTo({ logLevel: 'info' }, log.stream),
    pauseMs: 1,
  });
  assert.deepEqual(
    [check.isInTheWay, check.status],
    [false, undefined],
    'who never asks is not kept waiting',
  );
  check.start();
  for (let asked = 1; asked <= 6; asked++) {
    await eventually(`asked ${asked} times`, () => seen.length === asked);
    next();
  }
  await eventually('accepted', () => check.status?.ok === true);
  const unknown = [false, 'Keycloak could not be asked: see the log'];
  const refused = [true, 'Not accepted by Keycloak: see the log'];
  assert.deepEqual(seen, [[true, 'Not asked yet'], unknown, unknown, refused, refused, refused]);
  assert.equal(check.isInTheWay, false);
  const told = log.lines().map(({ level, code, fix }) => [level, code, fix]);
  assert.deepEqual(told, [
    ['warn', 'client_unchecked', 'fix of unreachable-refused'],
    ['error', 'client_refused', 'fix of wrong-secret'],
    ['warn', 'client_unchecked', 'fix of unreachable-refused'],
    ['info', 'client_accepted', undefined],
  ]);
});

test('once closed it asks no more', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let asked = 0;
  const check = createClientCheck({
    client: { refresh: async () => Promise.reject(++asked > 0 ? REFUSED : AWAY) },
    logger: undefined,
  });
  check.start();
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(5_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(asked, 2);
  check.close();
  t.mock.timers.tick(600_000);
  assert.equal(asked, 2);
});

test('one question waits at a time, none once a call was answered, and what goes wrong again is told again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const log = collectLog();
  let asked = 0;
  const check = createClientCheck({
    client: {
      refresh: async () => {
        asked++;
        throw AWAY;
      },
    },
    logger: createLoggerTo({ logLevel: 'info' }, log.stream),
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const afterMs = async (ms: number) => {
    t.mock.timers.tick(ms);
    await settle();
    return asked;
  };
  check.start();
  await settle();
  // Keycloak is there: the question that waits for its time is put now, and not once more.
  check.keycloakIsThere();
  await settle();
  assert.equal(asked, 2);
  assert.equal(await afterMs(5_000), 3);
  check.note(undefined);
  assert.equal(await afterMs(600_000), 3);
  check.note(REFUSED);
  await settle();
  assert.equal(asked, 4);
  const told = log.lines().map(({ code }) => code);
  assert.deepEqual(told, ['client_unchecked', 'client_accepted', 'client_unchecked']);
});

test('a service whose client was refused does not become ready because Keycloak goes away', async () => {
  const answers = [REFUSED, AWAY, ACCEPTED];
  const seen: boolean[] = [];
  const check = createClientCheck({
    client: {
      refresh: async () => {
        seen.push(check.isInTheWay);
        throw answers.shift()!;
      },
    },
    logger: undefined,
    pauseMs: 1,
  });
  check.start();
  await eventually('it is accepted', () => check.status?.ok === true);
  // Before the first answer, after the refusal, and after the outage that followed it.
  assert.deepEqual([seen, check.isInTheWay], [[true, true, true], false]);
});

test('a question that was sent before Keycloak was there, and fails, is asked once more before the service is ready', async () => {
  const answers = [AWAY, AWAY, AWAY, ACCEPTED];
  const seen: boolean[] = [];
  const check = createClientCheck({
    client: {
      refresh: async () => {
        seen.push(check.isInTheWay);
        if (seen.length % 2 === 1) check.keycloakIsThere();
        throw answers.shift()!;
      },
    },
    logger: undefined,
    pauseMs: 1,
  });
  check.start();
  await eventually('it is accepted', () => check.status?.ok === true);
  // The third comes after a pause, with which the service was ready.
  assert.deepEqual(seen, [true, true, false, true]);
});

test('a service that starts before Keycloak is not ready with its keys alone, but once Keycloak has said that it takes the client', async (t) => {
  const idp = await startIdp(t);
  await idp.goDown();
  let accept = (): void => {};
  const answers = [
    async () => Promise.reject(AWAY),
    () => new Promise<never>((_, reject) => (accept = () => reject(ACCEPTED))),
  ];
  const client: KeycloakClient = {
    ...createClient({
      serverUrl: idp.url,
      realm: 'testing',
      clientId: 'fastapi-keycloak',
      credential: { secret: SECRET },
    }),
    refresh: () => answers.shift()!(),
  };
  const { app, log } = await buildTestApp(t, idp.url, {}, { client });
  app.checkClient();
  const ready = async () => (await app.inject('/health/ready')).statusCode;
  const has = (code: string) => log.text().includes(`"code":"${code}"`);
  await eventually('Keycloak was to be asked', () => has('client_unchecked'));
  await idp.comeBack();
  await eventually('the keys are there', async () => (await ready()) > 0 && has('keys_loaded'), 60_000, 100);
  assert.equal(await ready(), 503);
  accept();
  await eventually('it is ready', async () => (await ready()) === 200);
});
