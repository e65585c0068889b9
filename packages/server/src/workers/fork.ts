import cluster, { type Worker } from 'node:cluster';

/** How a worker ended. */
export interface WorkerEnd {
  /** `null` where it was killed, or never began. */
  readonly exitCode: number | null;
  /** What killed it. */
  readonly signal: string | null;
  /** Why there never was a process, for example `EAGAIN`: the machine has no room for one. */
  readonly error?: string | undefined;
}

/**
 * Starts a process. Never throws: a machine that is full must not take those with it that run.
 *
 * @param onEnd called once, also where the process never began
 * @returns `undefined` if the fork has failed already
 */
export function forkWorker(
  env: Readonly<Record<string, string>>,
  onEnd: (end: WorkerEnd, worker: Worker | undefined) => void,
): Worker | undefined {
  let worker: Worker | undefined;
  let isOver = false;
  const end = (how: WorkerEnd): void => {
    if (isOver) return;
    isOver = true;
    onEnd(how, worker);
  };
  const neverBegan = (error: unknown): void =>
    end({ exitCode: null, signal: null, error: (error as NodeJS.ErrnoException).code });
  try {
    worker = cluster.fork(env);
  } catch (error) {
    setImmediate(neverBegan, error);
    return undefined;
  }
  const { process } = worker;
  worker.once('exit', (exitCode, signal) => end({ exitCode, signal }));
  // For a process that existed this is a message that came too late: `exit` tells of its end.
  worker.on('error', (error) => {
    if (process.pid === undefined) neverBegan(error);
  });
  return worker;
}
