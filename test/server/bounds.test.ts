import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import v8 from 'node:v8';
import { ClientError, createClient } from '../../packages/guard/src/client/index.ts';
import { createClientCheck } from '../../packages/server/src/readiness/readiness.ts';
import { createPasswordQueue } from '../../packages/server/src/services/auth-service.ts';
import { createFailedLogins } from '../../packages/server/src/services/turns.ts';
import { buildTestApp } from './service.ts';

// What the service takes at most, and what it does not take any more.

const NOWHERE = 'http://127.0.0.1:1';
const REFUSED = new ClientError({ id: 'x', kind: 'invalid_credentials', cause: 'no', fix: 'none' });

/** The service, with a Keycloak that refuses every login and every refresh token. */
async function start(t: TestContext, settings: Record<string, string> = {}) {
  const client = {
    ...createClient({
      serverUrl: NOWHERE,
      realm: 'testing',
      clientId: 'fastapi-keycloak',
      clientSecret: 'x',
    }),
    passwordGrant: () => Promise.reject(REFUSED),
    refresh: () => Promise.reject(REFUSED),
  };
  const { app } = await buildTestApp(t, NOWHERE, settings, { client });
  const post = async (
    url: string,
    fields: Record<string, string>,
    type = 'application/x-www-form-urlencoded',
  ) => {
    const payload = type.endsWith('json') ? JSON.stringify(fields) : new URLSearchParams(fields).toString();
    return (await app.inject({ method: 'POST', url, headers: { 'content-type': type }, payload })).statusCode;
  };
  return { app, post };
}

test('a user name of 255 characters, a password of 4,096 and a refresh token of 12,288 are taken, longer ones are not', async (t) => {
  const { post } = await start(t);
  const login = (name: number, password: number) =>
    post('/login', { username: 'a'.repeat(name), password: 'b'.repeat(password) });
  assert.deepEqual([await login(255, 1), await login(256, 1)], [401, 422]);
  assert.deepEqual([await login(1, 4_096), await login(1, 4_097)], [401, 422]);
  assert.deepEqual([await login(0, 1), await login(1, 0)], [422, 422]);
  for (const url of ['/refresh', '/logout']) {
    const refresh_token = 'r'.repeat(12_288);
    assert.equal(await post(url, { refresh_token: `${refresh_token}r` }), 422, url);
    assert.equal(await post(url, { refresh_token: '' }), 422, url);
  }
  assert.equal(await post('/refresh', { refresh_token: 'r'.repeat(12_288) }), 401);
});

test('a body of 16 KiB is read, and one of a byte more is not', async (t) => {
  const { post } = await start(t);
  const fill = (bytes: number) => ({ x: 'x'.repeat(bytes) });
  for (const [type, frame] of [
    ['application/x-www-form-urlencoded', 'x='.length],
    ['application/json', '{"x":""}'.length],
  ] as const) {
    assert.equal(await post('/refresh', fill(16_384 - frame), type), 422, type);
    assert.equal(await post('/refresh', fill(16_385 - frame), type), 413, type);
  }
});

test('connections have their bounds, the longest of them longer than proxies keep theirs', async (t) => {
  for (const [settings, request, headers] of [
    [{}, 15_000, 10_000],
    [{ REQUEST_TIMEOUT_MS: '600' }, 600, 600],
  ] as const) {
    const { app } = await start(t, settings);
    await app.ready();
    const { requestTimeout, headersTimeout, keepAliveTimeout, maxHeaderSize } =
      app.server as typeof app.server & {
        maxHeaderSize?: number;
      };
    assert.deepEqual(
      [requestTimeout, headersTimeout, keepAliveTimeout, maxHeaderSize, app.server.maxConnections],
      [request, headers, 75_000, 16_384, 10_000],
    );
  }
});

test('who waits is told for how long: five seconds for readiness, ten minutes for a preflight', async (t) => {
  const { app } = await start(t, { CORS_ORIGINS: 'https://app.example.com' });
  const ready = await app.inject('/health/ready');
  const { statusCode, headers: said } = ready;
  assert.deepEqual([statusCode, said['retry-after'], ready.json().detail], [503, '5', 'Not ready']);
  const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' };
  const preflight = await app.inject({ method: 'OPTIONS', url: '/login', headers });
  assert.equal(preflight.headers['access-control-max-age'], '600');
});

test('a process that is to end is not ready, and closes what asks it', async (t) => {
  const { app } = await start(t);
  const before = await app.inject('/health/live');
  assert.notEqual(before.headers.connection, 'close');
  app.drain();
  for (const [path, status] of [
    ['/health/ready', 503],
    ['/health/live', 200],
    ['/', 200],
  ] as const) {
    const { statusCode, headers } = await app.inject(path);
    assert.deepEqual([statusCode, headers.connection], [status, 'close'], path);
  }
});

test('a process whose heap is nearly full, from 95 % on, answers 503 to all but /health, and is well by itself', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const real = v8.getHeapStatistics();
  let share = 0.5;
  const full = t.mock.method(v8, 'getHeapStatistics', () => ({
    ...real,
    used_heap_size: share * real.heap_size_limit,
  }));
  syncBuiltinESMExports();
  t.after(() => {
    full.mock.restore();
    syncBuiltinESMExports();
  });
  const { app } = await start(t);
  for (const [now, status] of [
    [0.94, 200],
    [0.96, 503],
    [0.94, 200],
  ] as const) {
    share = now;
    t.mock.timers.tick(1_000);
    const answer = await app.inject('/');
    assert.equal(answer.statusCode, status, `${now}`);
    assert.equal((await app.inject('/health/live')).statusCode, 200);
    if (status === 200) continue;
    assert.equal(answer.body, '{"detail":"Service Unavailable"}');
    assert.equal(answer.headers['retry-after'], '5');
    assert.equal(answer.headers['cache-control'], 'no-store');
  }
});

test('Keycloak is asked whether it takes the client after five seconds, then twice as long each time, up to a minute', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let asked = 0;
  const away = new ClientError({ id: 'timed-out', kind: 'provider_unavailable', cause: 'no', fix: 'none' });
  const refresh = async () => Promise.reject(++asked > 0 ? away : REFUSED);
  const check = createClientCheck({ client: { refresh }, logger: undefined });
  t.after(() => check.close());
  const settle = async () => {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  check.start();
  await settle();
  assert.equal(asked, 1);
  for (const [at, seconds] of [5, 10, 20, 40, 60, 60].entries()) {
    t.mock.timers.tick(seconds * 1_000 - 1);
    await settle();
    assert.equal(asked, at + 1, `${seconds} s`);
    t.mock.timers.tick(1);
    await settle();
    assert.equal(asked, at + 2, `${seconds} s`);
  }
});

test('a network guesses from five failures of late on: then it has half of what may run at a time, and one at least', async () => {
  for (const [maxInFlight, failures, running] of [
    [4, 4, 4],
    [4, 5, 2],
    [5, 5, 2],
    [1, 5, 1],
  ] as const) {
    const failedLogins = createFailedLogins(() => 0);
    for (let i = 0; i < failures; i++) failedLogins.add('192.0.2.1');
    const bounds = { maxInFlight, maxWaiting: 10, maxWaitMs: 60_000, failedLogins };
    const queue = createPasswordQueue(bounds);
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const calls = Array.from({ length: 6 }, () => queue.run(() => ended, '192.0.2.1'));
    assert.deepEqual([queue.inFlight, queue.waiting], [running, 6 - running]);
    end();
    await Promise.all(calls);
    assert.deepEqual([queue.inFlight, queue.waiting], [0, 0]);
  }
});

test('a failure counts half after a minute, and a quarter after two', () => {
  let now = 0;
  const failed = createFailedLogins(() => now);
  assert.equal(failed.of('192.0.2.1'), 0);
  for (let i = 0; i < 8; i++) failed.add('192.0.2.1');
  for (const [minutes, count] of [
    [0, 8],
    [1, 4],
    [2, 2],
    [3, 1],
    [5, 0],
  ] as const) {
    now = minutes * 60_000;
    assert.equal(failed.of('192.0.2.1'), count, `${minutes} min`);
  }
  failed.add('192.0.2.1');
  assert.equal(failed.of('192.0.2.1'), 1);
});
