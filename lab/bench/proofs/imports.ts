import { execFileSync } from 'node:child_process';
import { loadedFiles } from '../../../tools/check/package/loaded-files.ts';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { here } from '../processes.ts';
import { quantile } from '../statistics.ts';

const ROUNDS = 15;
/** Of the built library, as applications get it. Fastify alone is what the one below it adds to. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'keycloak-guard': "await import('keycloak-guard')",
  'keycloak-guard by require': "createRequire(import.meta.url)('keycloak-guard')",
  'Fastify alone': "await import('fastify')",
  'Fastify and keycloak-guard/fastify':
    "await Promise.all([import('fastify'), import('keycloak-guard/fastify')])",
  'keycloak-guard/fastify': "await import('keycloak-guard/fastify')",
  'keycloak-guard/client': "await import('keycloak-guard/client')",
  'keycloak-guard/session': "await import('keycloak-guard/session')",
};
/** Megabytes. */
const MOST: Readonly<Record<string, number>> = { 'keycloak-guard': 0.4, 'keycloak-guard/fastify': 0.6 };

interface Cost {
  readonly ms: number;
  readonly cpuMs: number;
}

/** What an import costs when a process starts: time, processor time, and which files it reads. */
export async function imports({ quick, log }: PartOptions): Promise<Figure[]> {
  const cwd = here('../..');
  const costs = new Map<string, Cost[]>(Object.keys(PROGRAMS).map((name) => [name, []]));
  // In turn: what else the machine does is shared by all.
  for (let round = 0; round < (quick ? 3 : ROUNDS); round++)
    for (const [name, program] of Object.entries(PROGRAMS)) costs.get(name)?.push(importOnce(program, cwd));
  return Object.entries(PROGRAMS).map(([name, program]) => {
    const { files, bytes, packages } = loadedFiles(`${REQUIRE}${program}`, cwd);
    const [ms, cpuMs] = [median(costs.get(name), 'ms'), median(costs.get(name), 'cpuMs')];
    const measured = `${ms.toFixed(0)} ms, ${cpuMs.toFixed(0)} ms of processor time; ${files.length} files of ${packages.length} packages, ${(bytes / 1e6).toFixed(2)} MB`;
    log(`imports: ${name}: ${measured}`);
    const most = MOST[name];
    return {
      figure: `import of ${name}`,
      ...(most === undefined ? {} : { target: `under ${most} MB`, isReached: bytes < most * 1e6 }),
      measured,
      command: 'npm run bench -- imports',
    };
  });
}

const REQUIRE = "import { createRequire } from 'node:module';";

function importOnce(program: string, cwd: string): Cost {
  const text = `${REQUIRE}
    const before = process.cpuUsage(), began = performance.now();
    ${program};
    const ms = performance.now() - began, { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ ms, cpuMs: (user + system) / 1000 }));`;
  const answer = execFileSync(process.execPath, ['--input-type=module', '--eval', text], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  return JSON.parse(answer) as Cost;
}

function median(costs: readonly Cost[] = [], part: keyof Cost): number {
  return quantile(
    costs.map((cost) => cost[part]).sort((a, b) => a - b),
    0.5,
  );
}
