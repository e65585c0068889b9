import assert from 'node:assert/strict';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { forkWorker, type WorkerEnd } from '../../../packages/server/src/workers/fork.ts';
import { openLink } from '../../../packages/server/src/workers/link.ts';
import type { ToPrimary, ToWorker } from '../../../packages/server/src/workers/messages.ts';
import { runProgram } from '../../cli/support/program.ts';
import { eventually } from '../../support/eventually.ts';
import { openRawClient } from '../../support/raw-client.ts';
import { settingsFor } from '../service.ts';
import { childrenOf, startWorkers } from './processes.ts';

// Nobody is asked for anything.
const SETTINGS = settingsFor('http://127.0.0.1:1', { HOST: '127.0.0.1' });

/** A server that takes connections and says nothing. */
async function startMute(t: TestContext): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return String((server.address() as AddressInfo).port);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} before the first worker listens ends the program at once, well`, async (t) => {
    // A Redis that hangs keeps a worker for seconds from listening.
    const REDIS_URL = `redis://127.0.0.1:${await startMute(t)}`;
    const program = runProgram(['serve'], { ...SETTINGS, WORKERS: '2', REDIS_URL });
    t.after(() => program.stop());
    await eventually('a worker', () => childrenOf(program.pid).length === 1, 60_000);
    const pids = childrenOf(program.pid);
    // A terminal sends its signal to all.
    if (signal === 'SIGINT') for (const pid of pids) process.kill(pid, signal);
    process.kill(program.pid, signal);
    assert.equal(await program.ended, 0, program.stderr());
    assert.match(program.stdout(), new RegExp(`${signal}: closing`));
    assert.doesNotMatch(program.stdout(), /worker_died|listening at/);
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });
}

test('a port for metrics that is taken ends the program, and no worker stays', async (t) => {
  const port = await startMute(t);
  const program = runProgram(['serve'], { ...SETTINGS, WORKERS: '2', METRICS_PORT: port });
  t.after(() => program.stop());
  assert.equal(await program.ended, 1);
  assert.match(program.stderr(), new RegExp(`port ${port} is taken`));
});

test('a machine that has no room for a process ends no other', async (t) => {
  const { cwd } = cluster.settings as { cwd?: string };
  cluster.setupPrimary({ cwd: '/nowhere/at/all' } as object);
  t.after(() => cluster.setupPrimary({ cwd } as object));
  const ends: WorkerEnd[] = [];
  forkWorker({}, (end) => ends.push(end));
  await eventually('it is told', () => ends.length > 0);
  await new Promise(setImmediate);
  assert.deepEqual(ends, [{ exitCode: null, signal: null, error: 'ENOENT' }]);
});

test('a worker whose first question was lost asks again, and is ready then', async () => {
  const asked: ToPrimary[] = [];
  let answer: (message: ToWorker) => void = () => {};
  const link = openLink({
    send(message) {
      asked.push(message);
      if (asked.length === 2 && message.kind === 'call') answer({ kind: 'answer', id: message.id });
    },
    listen(listener) {
      answer = listener;
    },
  });
  await eventually('it knows', () => link.revocations.isCaughtUp === true);
  assert.equal(asked.length, 2);
});

test('with workers, too, more connections than allowed are closed at once', async (t) => {
  const { url, program } = await startWorkers(t, 2, { MAX_CONNECTIONS: '2' });
  const clients = await Promise.all(Array.from({ length: 12 }, () => openRawClient(url)));
  t.after(() => {
    for (const { socket } of clients) socket.destroy();
  });
  let closed = 0;
  for (const { ended } of clients) void ended.then(() => closed++);
  await eventually('those that are too many are closed', () => closed >= 8);
  await program.says(/"code":"too_many_connections"/);
});
