import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { buildApp } from '../../packages/server/src/index.ts';
import { createLoggerTo, jsonStream } from '../../packages/server/src/log/logger.ts';
import { MAIN } from '../cli/support/program.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
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
  assert.ok(tookMs < 20_000, `the last flush gives up: ${tookMs} ms`);
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

test('a disk that is full, or a reader that is gone, keeps the last flush no longer', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'keycloak-guard-')), 'log');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const broken = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  closeSync(reader);
  rmSync(dirname(path), { recursive: true });
  const { writeSync } = fs;
  for (const fd of [openSync('/dev/full', 'w'), broken]) {
    const stream = jsonStream(fd);
    createLoggerTo({ logLevel: 'info' }, stream).info('the last line');
    const begin = performance.now();
    stream.flushSync();
    assert.ok(performance.now() - begin < 20_000);
    assert.equal(fs.writeSync, writeSync);
  }
});

test('the last flush writes what is left, once', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'keycloak-guard-')), 'log');
  const stream = jsonStream(openSync(file, 'w'));
  const logger = createLoggerTo({ logLevel: 'info' }, stream);
  for (let i = 0; i < 1_000; i++) logger.info(`line ${i}`);
  stream.flushSync();
  const written = () => readFileSync(file, 'utf8').split('\n').slice(0, -1);
  await eventually('all is written', () => written().length >= 1_000);
  const numbers = written().map((line) => Number(JSON.parse(line).msg.slice('line '.length)));
  // On a busy machine what was being written comes last, as it was.
  const at = numbers.indexOf(0);
  assert.deepEqual(
    [...numbers.slice(at), ...numbers.slice(0, at)],
    Array.from({ length: 1_000 }, (_, i) => i),
  );
  rmSync(dirname(file), { recursive: true });
});

test('the last flush tries again while the reader has no room, and not on a full disk', (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'keycloak-guard-')), 'log');
  const fd = openSync(file, 'w');
  const { writeSync } = fs;
  for (const [code, tries, written] of [
    ['ENOSPC', 1, ''],
    ['EAGAIN', 3, 'the last line\n'],
  ] as const) {
    const stream = jsonStream(fd);
    stream.write('the last line\n');
    let tried = 0;
    const busy = t.mock.method(fs, 'writeSync', ((to: number, ...rest: [string]) => {
      if (to === fd && ++tried < 3) throw Object.assign(new Error('not now'), { code });
      return writeSync(to, ...rest);
    }) as never);
    stream.flushSync();
    busy.mock.restore();
    assert.deepEqual([tried, readFileSync(file, 'utf8')], [tries, written]);
  }
  rmSync(dirname(file), { recursive: true });
});

/** Writes for `fs.write` in another thread, when it is told to, as a busy thread pool does it late. */
const LATE_WRITER = `
const { workerData: { fd, text, steps } } = require('node:worker_threads');
Atomics.wait(steps, 0, 0);
require('node:fs').writeSync(fd, text);
Atomics.store(steps, 1, 1);
Atomics.notify(steps, 1);`;

test('the last flush comes after what is being written', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'keycloak-guard-')), 'log');
  const fd = openSync(file, 'a');
  const stream = jsonStream(fd);
  const logger = createLoggerTo({ logLevel: 'info' }, stream);
  const steps = new Int32Array(new SharedArrayBuffer(8));
  const { wait } = Atomics;
  const writeLate = () => {
    Atomics.store(steps, 0, 1);
    Atomics.notify(steps, 0);
    return wait(steps, 1, 0, 20_000);
  };
  const begun = new Promise<void>((resolve) => {
    const { write } = fs;
    t.mock.method(fs, 'write', ((to: number, text: string, done: () => void) => {
      // The streams of other tests still try.
      if (to !== fd) return write(to, text, done);
      const worker = new Worker(LATE_WRITER, { eval: true, workerData: { fd: to, text, steps } });
      worker.once('exit', () => (done as (...result: unknown[]) => void)(null, Buffer.byteLength(text)));
      worker.once('online', resolve);
    }) as never);
  });
  const numbers = Array.from({ length: 300 }, (_, i) => i);
  for (const i of numbers) logger.info(`line ${i}`);
  await begun;
  const flushWaits = t.mock.method(Atomics, 'wait', writeLate);
  stream.flushSync();
  const [memory = assert.fail(), at = 0, value] = (flushWaits.mock.calls[0]?.arguments ?? []) as unknown as [
    Int32Array?,
    number?,
    number?,
  ];
  assert.equal(memory[at], value, 'it would not wait for another value');
  flushWaits.mock.restore();
  writeLate();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).msg),
    numbers.map((i) => `line ${i}`),
  );
  rmSync(dirname(file), { recursive: true });
});

/** The service in a process of its own, and whether it answers. */
async function startProcess(t: TestContext, stdout: 'pipe' | number) {
  const port = await freePort();
  const { PATH = '' } = process.env;
  const settings = settingsFor('http://127.0.0.1:9', { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: '500' });
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    env: { PATH, ...settings, PORT: String(port) },
    stdio: ['ignore', stdout, 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const isAlive = () =>
    fetch(`http://127.0.0.1:${port}/health/live`).then(
      ({ ok }) => ok,
      () => false,
    );
  await eventually('it listens', isAlive);
  const stop = () => {
    child.kill('SIGTERM');
    return Promise.race([ended, sleep(20_000, 'it goes on', { ref: false })]);
  };
  return { child, port, isAlive, stop };
}

test('SIGTERM while nobody reads the log: the process ends all the same', async (t) => {
  const { port, stop } = await startProcess(t, 'pipe');
  // Each is a line of 150 bytes, and the pipe holds some hundred thousand.
  const request = 'GET /protected HTTP/1.1\r\nHost: localhost\r\n';
  const socket = connect(port, '127.0.0.1');
  socket.write(`${`${request}\r\n`.repeat(3_999)}${request}Connection: close\r\n\r\n`);
  assert.equal((await text(socket)).match(/HTTP\/1\.1 401 /g)?.length, 4_000);
  assert.deepEqual(await stop(), [0, null]);
});

test('SIGTERM when whoever read the log is gone: the process ends all the same', async (t) => {
  const { child, stop } = await startProcess(t, 'pipe');
  child.stdout?.destroy();
  assert.deepEqual(await stop(), [0, null]);
});

test('a disk that is full ends no service, and keeps none from ending', async (t) => {
  const { isAlive, stop } = await startProcess(t, openSync('/dev/full', 'w'));
  // Longer than lines are gathered.
  await sleep(1_000);
  assert.ok(await isAlive());
  assert.deepEqual(await stop(), [0, null]);
});
