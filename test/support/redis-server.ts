import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './free-port.ts';

/** A Redis of one's own, or Valkey, that can be killed and started again on the same port. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** As when the machine dies. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Stops answering without closing a connection. */
  freeze(): void;
  thaw(): void;
}

export const redisProgram = ['redis-server', 'valkey-server'].find(
  (program) => spawnSync(program, ['--version']).status === 0,
);

/** Ended with the test. `isKept`: what was written outlives `kill`. */
export async function startRedis(t: TestContext, { isKept = true } = {}): Promise<TestRedis> {
  if (redisProgram === undefined) throw new Error('these tests need redis-server or valkey-server');
  const program = redisProgram;
  const dir = mkdtempSync(join(tmpdir(), 'keycloak-guard-redis-'));
  const port = await freePort();
  let child: ChildProcess | undefined;

  const self: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    port,
    async start() {
      const keep = isKept ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
      const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
      child = spawn(program, [...where, ...keep], { stdio: 'ignore' });
      while (!(await accepts(port))) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    async kill() {
      if (child === undefined || child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      child = undefined;
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  };
  await self.start();
  t.after(async () => {
    await self.kill();
    rmSync(dir, { recursive: true, force: true });
  });
  return self;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      // "LOADING" is no answer yet.
      socket.write('PING\r\n');
    });
    socket.on('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.on('error', () => resolve(false));
  });
}
