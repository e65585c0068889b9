import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild, until } from './child.ts';

/** One process of the built service, that can be ended and started again at the same port. */
export interface Replica {
  readonly name: string;
  readonly url: string;
  /** Resolves when it is ready. */
  start(): Promise<void>;
  /** By SIGTERM, as every orchestrator does. Resolves to the exit code. */
  stop(): Promise<number | null>;
  /** `kill -9`. */
  crash(): Promise<void>;
  /** Unit: bytes. */
  rss(): number | undefined;
}

const PROGRAM = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));

/** @param env every setting but HOST and PORT */
export function createReplica(
  name: string,
  port: number,
  folder: string,
  env: Readonly<Record<string, string>>,
): Replica {
  const url = `http://127.0.0.1:${port}`;
  let child: Child | undefined;
  return {
    name,
    url,
    async start() {
      child = await startChild(process.execPath, [PROGRAM, 'serve'], {
        env: { NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port), ...env },
        cwd: folder,
        logFile: join(folder, `${name}.log`),
      });
      const started = child;
      await until(`${name} is ready`, async () => {
        if (!started.isRunning) throw new Error(`${name} ended: see ${folder}/${name}.log`);
        const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
        await answer?.arrayBuffer();
        return answer?.status === 200;
      });
    },
    async stop() {
      return (await child?.end('SIGTERM')) ?? null;
    },
    async crash() {
      await child?.end('SIGKILL');
    },
    rss: () => child?.rss(),
  };
}
