import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { findFreePort, here } from '../processes.ts';
import { createProcessorClock } from '../processor-time.ts';
import { quantile } from '../statistics.ts';

const STARTS = 15;
const ROOT = here('../..');

/** What a start took. Unit: milliseconds. */
interface Cost {
  readonly ms: number;
  readonly cpuMs: number;
}

/**
 * From the start of the built service to its first 200; it needs no Keycloak for that. In turn with another built checkout,
 * where one is given: what else the machine does is then shared by both.
 */
export async function start({ log, against }: PartOptions): Promise<Figure[]> {
  const checkouts = against === undefined ? [ROOT] : [resolve(against), ROOT];
  const costs = checkouts.map((): Cost[] => []);
  for (let i = 0; i < STARTS; i++)
    for (const [at, checkout] of checkouts.entries()) costs[at]?.push(await startOnce(checkout));
  const all = costs.at(-1) as Cost[];
  log(`start: ${all.map(({ ms }) => ms.toFixed(0)).join(', ')} ms`);
  const ms = median(all, 'ms');
  const before =
    against === undefined
      ? ''
      : `; ${against}: ${median(costs[0] ?? [], 'ms').toFixed(0)} ms, ${cpu(costs[0])}`;
  return [
    {
      figure: `start of the built service to its first 200, median of ${STARTS}`,
      target: 'under 350 ms',
      measured: `${ms.toFixed(0)} ms (quickest ${Math.min(...all.map((one) => one.ms)).toFixed(0)} ms), ${cpu(all)}${before}`,
      isReached: ms < 350,
      command: 'npm run bench -- start',
    },
  ];
}

const cpu = (costs: readonly Cost[] = []) => `${median(costs, 'cpuMs').toFixed(0)} ms of processor time`;

function median(costs: readonly Cost[], part: keyof Cost): number {
  return quantile(
    costs.map((cost) => cost[part]).sort((a, b) => a - b),
    0.5,
  );
}

async function startOnce(checkout: string): Promise<Cost> {
  const program = join(checkout, 'packages/cli/dist/main.js');
  if (!existsSync(program)) throw new Error(`${program} is not there: npm run build`);
  const port = await findFreePort();
  const began = performance.now();
  const child = spawn(process.execPath, [program, 'serve'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      ...{ KEYCLOAK_SERVER_URL: 'http://127.0.0.1:9', KEYCLOAK_REALM: 'testing', KEYCLOAK_CLIENT_ID: 'api' },
      ...{ KEYCLOAK_CLIENT_SECRET: 'unused', HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'fatal' },
    },
  });
  try {
    const cpuSeconds = createProcessorClock({ pid: child.pid ?? 0 });
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.status === 200) return { ms: performance.now() - began, cpuMs: cpuSeconds() * 1000 };
      if (child.exitCode !== null) throw new Error('the service ended');
      await sleep(2);
    }
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}
