import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../test/support/free-port.ts';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { here } from '../processes.ts';
import { createProcessorClock } from '../processor-time.ts';
import { quantile } from '../statistics.ts';

const STARTS = 15;
const ROOT = here('../..');

/** What a start took. Unit: milliseconds. */
interface Cost {
  readonly ms: number;
  readonly cpuMs: number;
}

interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly path: string;
}

const serviceOf = (checkout: string): Program => ({
  file: join(checkout, 'packages/cli/dist/main.js'),
  args: ['serve'],
  path: '/',
});
const BARE: Program = { file: here('servers/bare-fastify.mjs'), args: [], path: '/protected' };

/**
 * From the start of the built service to its first 200; it needs no Keycloak for that. In turn with bare Fastify and, where one is
 * given, another built checkout: what else the machine does is then shared by all.
 */
export async function start({ log, against }: PartOptions): Promise<Figure[]> {
  const programs = [serviceOf(ROOT), BARE, ...(against === undefined ? [] : [serviceOf(resolve(against))])];
  const costs = programs.map((): Cost[] => []);
  for (let i = 0; i < STARTS; i++)
    for (const [at, program] of programs.entries()) costs[at]?.push(await startOnce(program));
  const [all, bare, other] = costs as [Cost[], Cost[], Cost[]?];
  log(`start: ${all.map(({ ms }) => ms.toFixed(0)).join(', ')} ms`);
  const ms = median(all, 'ms');
  const before =
    other === undefined ? '' : `; ${against}: ${median(other, 'ms').toFixed(0)} ms, ${cpu(other)}`;
  const ratios = [ms / median(bare, 'ms'), median(all, 'cpuMs') / median(bare, 'cpuMs')] as const;
  return [
    {
      figure: `start of the built service to its first 200, median of ${STARTS}`,
      target: 'under 350 ms',
      measured: `${ms.toFixed(0)} ms (quickest ${Math.min(...all.map((one) => one.ms)).toFixed(0)} ms), ${cpu(all)}${before}`,
      isReached: ms < 350,
      command: 'npm run bench -- start',
    },
    {
      figure: 'start of the built service ÷ start of bare Fastify, each to its first 200',
      target: 'at most 1.3',
      measured: `${ratios[0].toFixed(2)} by time, ${ratios[1].toFixed(2)} by processor time (bare ${median(bare, 'ms').toFixed(0)} ms, ${cpu(bare)})`,
      isReached: Math.max(...ratios) <= 1.3,
      isDisturbed: Math.abs(ratios[0] / ratios[1] - 1) > 0.25,
      command: 'npm run bench -- start',
    },
  ];
}

const cpu = (costs: readonly Cost[]) => `${median(costs, 'cpuMs').toFixed(0)} ms of processor time`;

function median(costs: readonly Cost[], part: keyof Cost): number {
  return quantile(
    costs.map((cost) => cost[part]).sort((a, b) => a - b),
    0.5,
  );
}

async function startOnce({ file, args, path }: Program): Promise<Cost> {
  if (!existsSync(file)) throw new Error(`${file} is not there: npm run build`);
  const port = await freePort();
  const began = performance.now();
  const child = spawn(process.execPath, [file, ...args], {
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
      const response = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.status === 200) return { ms: performance.now() - began, cpuMs: cpuSeconds() * 1000 };
      if (child.exitCode !== null) throw new Error(`${file} ended`);
      await sleep(2);
    }
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}
