import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildApp } from '../../packages/server/src/index.ts';
import { createLoggerTo, jsonStream } from '../../packages/server/src/observability/logger.ts';
import { MAIN } from '../cli/support/program.ts';
import { eventually } from '../support/eventually.ts';
import { collectLog, configFor, settingsFor } from './service.ts';

/** A pipe that nobody reads from. */
function openStuckPipe(): number {
  const path = join(mkdtempSync(join(tmpdir(), 'keycloak-guard-')), 'log');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  rmSync(dirname(path), { recursive: true });
  return fd;
}

test('while nobody reads the log no more than 16 MiB of it are kept, and what is left out is counted', () => {
  const stream = jsonStream(openStuckPipe());
  let dropped = 0;
  stream.on('drop', () => dropped++);
  const logger = createLoggerTo({ logLevel: 'info' }, stream);
  const line = 'x'.repeat(10_000);
  for (let i = 0; i < 2_000; i++) logger.info(line);
  assert.ok(dropped > 200 && dropped < 400, `${dropped} of 2000`);
  const begin = performance.now();
  stream.flushSync();
  const tookMs = performance.now() - begin;
  assert.ok(tookMs < 2_000, `the last flush gives up: ${tookMs} ms`);
  // As the process does not end here, it says so.
  stream.removeAllListeners('error').on('error', () => {});
});

test('the lines that were left out are a metric', async (t) => {
  const config = configFor('http://127.0.0.1:9', { METRICS_PORT: '0' });
  const { stream } = collectLog();
  const app = await buildApp(config, { logger: createLoggerTo(config, stream) });
  t.after(() => app.close());
  const count = async () =>
    /^keycloak_guard_log_lines_dropped_total (\d+)$/m.exec(await app.metrics!.metrics())?.[1];
  assert.equal(await count(), '0');
  stream.emit('drop', 'a line');
  assert.equal(await count(), '1');
});

test('SIGTERM while nobody reads the log: the process ends all the same', async (t) => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  const { PATH = '' } = process.env;
  const settings = settingsFor('http://127.0.0.1:9', { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: '500' });
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    env: { PATH, ...settings, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const isAlive = () =>
    fetch(`http://127.0.0.1:${port}/health/live`).then(
      ({ ok }) => ok,
      () => false,
    );
  await eventually('it listens', isAlive);
  // Each is a line of 130 bytes, and the pipe holds some hundred thousand.
  for (let i = 0; i < 40; i++) await Promise.all(Array.from({ length: 100 }, isAlive));
  child.kill('SIGTERM');
  const tooLong = sleep(5_000, 'it goes on', { ref: false });
  assert.deepEqual(await Promise.race([ended, tooLong]), [0, null]);
});
