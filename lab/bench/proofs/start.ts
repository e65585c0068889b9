import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../main.ts';
import { here } from '../processes.ts';
import { quantile } from '../statistics.ts';

const STARTS = 9;

/** From the start of the built service to its first 200; it needs no Keycloak for that. */
export async function start({ log }: PartOptions): Promise<Figure[]> {
  const times: number[] = [];
  for (let i = 0; i < STARTS; i++) times.push(await startOnce(18_700 + i));
  log(`start: ${times.map((time) => time.toFixed(0)).join(', ')} ms`);
  const ms = quantile(
    times.toSorted((a, b) => a - b),
    0.5,
  );
  return [
    {
      figure: `start of the built service to its first 200, median of ${STARTS}`,
      target: 'under 350 ms',
      measured: `${ms.toFixed(0)} ms (quickest ${Math.min(...times).toFixed(0)} ms)`,
      isReached: ms < 350,
      command: 'npm run bench -- start',
    },
  ];
}

async function startOnce(port: number): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, [here('../../packages/cli/dist/main.js'), 'serve'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      ...{ KEYCLOAK_SERVER_URL: 'http://127.0.0.1:9', KEYCLOAK_REALM: 'testing', KEYCLOAK_CLIENT_ID: 'api' },
      ...{ KEYCLOAK_CLIENT_SECRET: 'unused', HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'fatal' },
    },
  });
  try {
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.status === 200) return performance.now() - began;
      if (child.exitCode !== null) throw new Error('the service ended');
      await sleep(2);
    }
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}
