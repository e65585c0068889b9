import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/support/free-port.ts';

/** Where a process runs: the measured server has a core to itself, everything else uses another. */
export type Core = 'server' | 'load';

export const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
export const hasProgram = (name: string) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

export const isPinned = hasProgram('taskset') && availableParallelism() > 1;

export function onCore(core: Core, command: string, args: readonly string[]): [string, string[]] {
  return isPinned ? ['taskset', ['-c', toNumber(core), command, ...args]] : [command, [...args]];
}

/** Moves every thread of a process group that runs already. */
export function moveToCore(core: Core, group: number | undefined): void {
  if (!isPinned || group === undefined) return;
  const pids = execFileSync('pgrep', ['-g', String(group)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  for (const pid of pids) pin(core, pid);
}

/** Moves every thread of a process that runs already. */
export function pin(core: Core, pid: string): void {
  if (isPinned) execFileSync('taskset', ['-a', '-c', '-p', toNumber(core), pid]);
}

const toNumber = (core: Core): string => (core === 'server' ? '0' : '1');

export interface NodeProcess {
  readonly port: number;
  /** Microseconds of processor time, and bytes, so far. */
  usage(): Promise<{ cpuMicroseconds: number; rss: number }>;
  send(message: string | object): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts a server under Node and waits until it takes connections. */
export async function startServer(
  file: string,
  env: Record<string, string>,
  options: { core?: Core; nodeArgs?: readonly string[]; args?: readonly string[] } = {},
): Promise<NodeProcess> {
  const port = await freePort();
  const [command, args] = onCore(options.core ?? 'server', process.execPath, [
    ...(options.nodeArgs ?? []),
    '--import',
    here('servers/report-cpu.mjs'),
    file,
    ...(options.args ?? []),
  ]);
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await waitForPort(child, port, file);
  return {
    port,
    async usage() {
      const { cpu, memory } = (await ask(child, 'usage')) as {
        cpu: NodeJS.CpuUsage;
        memory: NodeJS.MemoryUsage;
      };
      return { cpuMicroseconds: cpu.user + cpu.system, rss: memory.rss };
    },
    send: (message) => ask(child, message),
    stop: () => stop(child),
  };
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await ended;
  clearTimeout(timer);
}

export function ask(child: ChildProcess, message: string | object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.send(message, (error) => error && reject(error));
  });
}

async function waitForPort(child: ChildProcess, port: number, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`${what} ended with ${child.exitCode}`);
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`${what} does not listen`);
}
