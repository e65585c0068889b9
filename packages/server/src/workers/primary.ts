import cluster, { type Worker } from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { createLogger, type Logger } from '../log/logger.ts';
import { createBackoff } from './backoff.ts';
import { forkWorker, type WorkerEnd } from './fork.ts';
import { type Port, type ToPrimary, type ToWorker, unwrap, wrap } from './messages.ts';
import { createSharedMemory } from './shared-memory.ts';
import { watchLife } from './signs-of-life.ts';
import { startWorkerMetrics } from './worker-metrics.ts';

/** Time after which every worker should have ended by itself. Unit: milliseconds. */
const GRACE_MS = 2_000;

/** The signal that ended a worker may also be on its way to this process. Unit: milliseconds. */
const SAME_SIGNAL_MS = 200;

/**
 * Keeps `WORKERS` processes running until `stop` resolves. The primary answers no request itself: it passes
 * connections on, holds what the workers share, and puts another in the place of one that died.
 *
 * @param stop resolves with why
 * @returns the exit code
 */
export async function runPrimary(config: Config, stop: Promise<string>): Promise<number> {
  const logger = await createLogger(config);
  const counts = { replaced: 0 };
  // Before there is a worker: what keeps it from listening ends the program, and nothing is left behind.
  const metrics = await startWorkerMetrics(config, logger, () => counts.replaced);
  try {
    return await keepRunning(config, stop, logger, counts);
  } finally {
    metrics?.close();
  }
}

async function keepRunning(
  config: Config,
  stop: Promise<string>,
  logger: Logger,
  counts: { replaced: number },
): Promise<number> {
  const memory = createSharedMemory();
  const listening = new Set<Worker>();
  const ready = new Set<Worker>();
  const pauseAfter = createBackoff();
  const env = config.sessionSecrets === undefined ? { SESSION_SECRET: randomBytes(32).toString('hex') } : {};
  let isUp = false;
  let wereAllReady = false;
  let isEnding = false;
  let exitCode = 0;

  const workers = (): Worker[] =>
    Object.values(cluster.workers ?? {}).filter((worker) => worker?.process.pid !== undefined) as Worker[];

  function setReady(worker: Worker, isReady: boolean): void {
    if (isReady) ready.add(worker);
    else ready.delete(worker);
    wereAllReady ||= ready.size === config.workers;
    // A dead worker takes no connections: while another one starts, the rest answer.
    const areAllReady = wereAllReady && [...listening].every((one) => ready.has(one));
    for (const one of workers()) portOf(one).send({ kind: 'all-ready', areAllReady });
  }

  function onEnd(end: WorkerEnd, livedMs: number): void {
    // A worker that cannot start has said why; one that was killed, or never began, has said nothing.
    if (isEnding || (!isUp && end.exitCode !== null)) return;
    const pauseMs = isUp ? pauseAfter(livedMs) : undefined;
    const what = isUp ? 'a worker died: another is started' : 'the first worker died before it listened';
    logger.error({ code: 'worker_died', ...end, pauseMs }, what);
    if (!isUp) return;
    counts.replaced++;
    setTimeout(() => !isEnding && void start(), pauseMs);
  }

  /** Resolves to true when the worker takes connections, to false when it ended before. */
  function start(): Promise<boolean> {
    return new Promise((resolve) => {
      const startedAt = performance.now();
      let endService = (): void => {};
      const life = watchLife(config.workerTimeoutMs, () => {
        logger.error(
          { code: 'worker_hangs' },
          `a worker gave no sign for ${config.workerTimeoutMs} ms: killed`,
        );
        worker?.process.kill('SIGKILL');
      });
      const worker = forkWorker(env, (end, ended) => {
        life.end();
        endService();
        // A worker that never took a connection is killed when all end.
        if (ended !== undefined && listening.delete(ended) && end.exitCode !== 0) exitCode = 1;
        if (ended !== undefined) setReady(ended, false);
        onEnd(end, performance.now() - startedAt);
        resolve(false);
      });
      if (worker === undefined) return;
      const port = portOf(worker);
      endService = memory.serve(port);
      port.listen((message) => {
        life.seen();
        if (message.kind === 'ready') setReady(worker, message.isReady);
      });
      worker.once('listening', () => {
        listening.add(worker);
        setReady(worker, ready.has(worker));
        resolve(true);
      });
    });
  }

  const stopped = stop.then((reason) => {
    isEnding = true;
    logger.info(`${reason}: closing`);
  });
  // One first: what keeps it from starting would keep all of them, and is then said once.
  const isStarted = await Promise.race([start(), stopped.then(() => true)]);
  if (!isStarted) {
    await Promise.race([stopped, sleep(SAME_SIGNAL_MS)]);
    if (!isEnding) return 1;
  }
  if (!isEnding) {
    isUp = true;
    const others = Promise.all(Array.from({ length: config.workers - 1 }, start));
    if (config.sessionSecrets === undefined) {
      logger.info('SESSION_SECRET is not set: the workers share one that was made up for this start');
    }
    void others.then(() => isEnding || logger.info(`${config.workers} workers answer`));
  }

  await stopped;
  exitCode = 0;
  const all = workers();
  const ended = all.map(
    (worker) => worker.isDead() || new Promise((resolve) => worker.once('exit', resolve)),
  );
  for (const worker of all) {
    if (listening.has(worker)) portOf(worker).send({ kind: 'drain' });
    else worker.process.kill('SIGKILL');
  }
  const patience = new AbortController();
  const longest = config.shutdownDelayMs + config.shutdownTimeoutMs + GRACE_MS;
  const kill = sleep(longest, undefined, { signal: patience.signal }).then(
    () => {
      for (const worker of workers()) worker.process.kill('SIGKILL');
    },
    () => {},
  );
  await Promise.all(ended);
  patience.abort();
  await kill;
  return exitCode;
}

function portOf(worker: Worker): Port<ToWorker, ToPrimary> {
  return {
    send(message) {
      // A dying worker: callers that wait for its answer are gone too.
      if (worker.isConnected()) worker.send(wrap(message), () => {});
    },
    listen: (listener) =>
      worker.on('message', (message) => {
        const ours = unwrap<ToPrimary>(message);
        if (ours !== undefined) listener(ours);
      }),
  };
}
