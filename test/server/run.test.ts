import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { explainStart, runService } from '../../packages/server/src/run.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { configFor, settingsFor } from './service.ts';

/** The service of this process, where it listens, and the exit codes with which it would have ended the process. */
async function start(
  t: TestContext,
  settings: Record<string, string> = {},
  serverUrl = 'http://127.0.0.1:1',
) {
  const exits: unknown[] = [];
  const said: string[] = [];
  t.mock.method(process, 'exit', ((code: number) => void exits.push(code)) as never);
  const write = t.mock.method(process.stderr, 'write', ((text: string) => said.push(text) > 0) as never);
  t.after(() => write.mock.restore());
  const port = await freePort();
  const env = settingsFor(serverUrl, {
    ...{ HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'silent', SESSION_SECRET: 'off' },
    ...settings,
  });
  const before = process.listenerCount('SIGTERM');
  const ended = runService({ env, cwd: '/nonexistent' });
  const url = `http://127.0.0.1:${port}`;
  const statusOf = (path: string, init?: RequestInit) =>
    fetch(`${url}${path}`, { ...init, headers: { connection: 'close' } }).then(
      ({ status }) => status,
      () => 0,
    );
  const isUp = () => eventually('it listens', async () => (await statusOf('/health/live')) === 200);
  const signal = () => process.emit('SIGTERM');
  return {
    ended,
    exits,
    said,
    port,
    statusOf,
    isUp,
    signal,
    listeners: () => process.listenerCount('SIGTERM') - before,
  };
}

test('a signal closes the service: first not ready, then away, and the process ends soon after', async (t) => {
  const { ended, exits, statusOf, isUp, signal, listeners } = await start(t, { SHUTDOWN_DELAY_MS: '300' });
  await isUp();
  assert.equal(listeners(), 1);
  const begun = performance.now();
  signal();
  // A second one ends the process at once, as without a handler.
  assert.equal(listeners(), 0);
  await eventually('it is not ready', async () => (await statusOf('/health/ready')) === 503);
  assert.equal(await statusOf('/health/live'), 200);
  assert.equal(await ended, 0);
  assert.ok(performance.now() - begun >= 290, 'it went on for as long as it was told to');
  assert.equal(await statusOf('/health/live'), 0);
  assert.deepEqual(exits, []);
  await eventually('the process ends', () => exits.length > 0);
  assert.deepEqual(exits, [0]);
});

test('a request that is under way for too long is not waited for, and the exit code says so', async (t) => {
  let isAsked = false;
  const keycloak = createServer(() => {
    isAsked = true;
  }).listen(0, '127.0.0.1');
  await once(keycloak, 'listening');
  t.after(() => {
    keycloak.closeAllConnections();
    keycloak.close();
  });
  const { port } = keycloak.address() as AddressInfo;
  const settings = { SHUTDOWN_TIMEOUT_MS: '200', KEYCLOAK_TIMEOUT_MS: '10000' };
  const { ended, exits, statusOf, isUp, signal } = await start(t, settings, `http://127.0.0.1:${port}`);
  await isUp();
  const body = new URLSearchParams({ username: 'a', password: 'b' });
  const login = statusOf('/login', { method: 'POST', body });
  await eventually('Keycloak is asked', () => isAsked);
  await sleep(50);
  signal();
  assert.equal(await ended, 1);
  assert.deepEqual(exits, [1]);
  keycloak.closeAllConnections();
  await login;
});

test('a service that cannot start says why, by the setting to change', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const busy = await start(t, { PORT: String(port) });
  assert.equal(await busy.ended, 1);
  const said = `The service cannot start: port ${port} is taken. Set PORT to another one.\n`;
  assert.deepEqual([busy.exits, busy.said], [[], [said]]);
});

test('settings that are wrong are another exit code, and what is wrong is said', async (t) => {
  const wrong = await start(t, { PORT: 'many' });
  assert.equal(await wrong.ended, 2);
  assert.deepEqual(wrong.exits, []);
  assert.match(wrong.said.join(''), /^A setting is missing or wrong\.\n\n {2}PORT is 'many'\./);
});

test('why the service cannot start is said of each kind of error', () => {
  const config = configFor('http://127.0.0.1:1', {
    ...{ HOST: 'localhost', PORT: '80', METRICS_HOST: '192.0.2.1', METRICS_PORT: '81' },
  });
  for (const [error, expected] of [
    [{ code: 'EADDRINUSE', port: 80 }, 'port 80 is taken. Set PORT to another one.'],
    [{ code: 'EADDRINUSE', port: 81 }, 'port 81 is taken. Set METRICS_PORT to another one.'],
    [{ code: 'EACCES', port: 80 }, 'port 80 needs more rights. Set PORT to 1024 or above.'],
    [{ code: 'EADDRNOTAVAIL', address: 'localhost' }, 'HOST is not an address of this machine.'],
    [{ code: 'EADDRNOTAVAIL', address: '192.0.2.1' }, 'METRICS_HOST is not an address of this machine.'],
    [{ code: 'ENOTFOUND', hostname: '192.0.2.1' }, 'METRICS_HOST is not an address of this machine.'],
    [{ code: 'ENOTFOUND', hostname: 'elsewhere' }, 'HOST is not an address of this machine.'],
    [new Error('of another kind'), 'of another kind'],
    ['a text', 'a text'],
  ] as const)
    assert.equal(explainStart(error, config), expected);
  assert.equal(
    explainStart({ code: 'EADDRINUSE', port: 80 }, undefined),
    'port 80 is taken. Set PORT to another one.',
  );
});
