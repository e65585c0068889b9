import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Child, startChild, until } from './child.ts';

/** A Redis or Valkey that keeps its data on disk. */
export interface Redis {
  readonly url: string;
  start(): Promise<void>;
  crash(): Promise<void>;
}

export function createRedis(port: number, folder: string): Redis {
  const program = ['redis-server', 'valkey-server'].find(
    (name) => spawnSync(name, ['--version']).status === 0,
  );
  if (program === undefined) throw new Error('redis-server or valkey-server is needed');
  let child: Child | undefined;
  return {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
      child = await startChild(program, [...where, '--save', '', '--appendonly', 'yes'], {
        cwd: folder,
        logFile: join(folder, 'redis.log'),
      });
      await until('Redis answers', () => answersPing(port));
    },
    async crash() {
      await child?.end('SIGKILL');
    },
  };
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.on('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.on('error', () => resolve(false));
  });
}
