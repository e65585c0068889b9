import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { CONTENDERS } from '../contenders.ts';
import type { Figure } from '../figures.ts';
import { generator } from '../load/generator.ts';
import { here, isPinned } from '../processes.ts';
import { ASSUMPTIONS } from '../sizing/model.ts';
import { usersPerReplica, writeSizing } from '../sizing/page.ts';
import type { Measured } from '../statistics.ts';
import { WORKLOADS } from '../workloads.ts';
import { toBarChart } from './chart.ts';
import type { Results } from './results-file.ts';

const FILE = here('results.json');

export function loadResults(): Results {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Results;
  } catch {
    return { measured: [], machine: '', figures: {} };
  }
}

export function describeMachine(): string {
  return `Node.js ${process.version}, ${availableParallelism()} cores, ${process.platform} ${process.arch}, ${generator}, ${isPinned ? 'server and load generator on a core each' : 'cores not pinned'}, load average ${(loadavg()[0] as number).toFixed(1)} (2 is the benchmark itself)`;
}

/** Writes results.json, RESULTS.md, the pictures, and what they come to in docs/production.md. */
export function writeResults(results: Results): void {
  writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(here('RESULTS.md'), toPage(results));
  writeSizing(results);
  const bars = rowsOf(results, 'one').map(({ contender, cpuMicroseconds }) => ({
    label: labelOf(contender),
    value: 1e6 / cpuMicroseconds,
    isOurs: contender === 'plugin' || contender === 'service',
    isBaseline: contender === 'bare',
  }));
  const title = 'Requests per second of processor time, the same token again and again';
  if (bars.length > 0)
    writeFileSync(
      here('../../assets/bench.svg'),
      toBarChart(title, 'GET /protected, Node.js, one core', bars),
    );
}

/** What a reader wants to know, and the parts that say it. */
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  'What a request costs': [
    ...['throughput', 'guard', 'adapters', 'observability', 'sessions', 'permissions', 'dpop', 'calling'],
  ],
  'What Keycloak is asked, and how soon a change counts': [
    ...['events', 'freshness', 'random-kids', 'rotations', 'logins', 'keycloak'],
  ],
  'Memory and start': ['resident', 'memory', 'start'],
  'Many tenants': ['tenants'],
};

function toPage(results: Results): string {
  return `# Benchmark

Written by \`npm run bench\`: do not edit. ${results.machine}.

By these figures a replica with one core has room for ${usersPerReplica(results).toLocaleString('en-US')} active users with browser sessions, each with a request every
${1 / ASSUMPTIONS.requestsPerActiveUserAndSecond} seconds. [Sizing](../../docs/production.md#sizing) works out Keycloaks, replicas and Redis (\`npm run bench -- pages\`).
Faults: [reliability](../reliability/RESULTS.md).

![Requests per second of processor time, one token](../../assets/bench.svg)

## Beside others

Every contender answers \`GET /protected\` with the same JSON. They run one after the other, again and again, so that
whatever else the machine does hits all of them alike. Processor time of the server for one request, in microseconds; medians of ${Math.max(0, ...results.measured.map(({ rounds }) => rounds))} rounds (\`npm run bench\`):

${toTable(results)}

${Object.entries(SECTIONS)
  .map(([title, parts]) =>
    toSection(
      title,
      parts.flatMap((part) => results.figures[part] ?? []),
    ),
  )
  .join('\n')}
## How it is measured

- "Undecided": requests and processor time disagree by more than a quarter; the machine was too busy.
- The plugin and the service run as they are shipped: \`dist/\`, \`TOKEN_CHECK=recheck\`, defaults for everything, and
  for the service \`LOG_LEVEL=warn\`. Before each round of known tokens they get a second or more of the same load, until the
  realm is hardly asked any more. So these rounds hold none of the rechecks, of which a token in use costs one every 15 seconds;
  those of \`npm run bench -- events\` hold them, with a real Keycloak.
- The realm is a small stand-in with fixed answers, on the core of the load generator; tokens are RS256, 2048 bits, of
  the size and with the claims that Keycloak issues.
- Tokens never seen before carry a time of issue as if each was issued when it is first used.
- Every contender must accept a good token and refuse a forged one before it is measured.
- What a service has and bare Fastify does not, by \`node --cpu-prof\`: no part is more than a sixth of the difference. It is the guard,
  Fastify's hooks, two headers more to check and to send, and garbage.
  Of the service's memory beyond that of bare Fastify, two fifths are V8's young generation, which grows once
  from 16 to 34 MB, a fifth the programs, a fifth 2,000 tokens, and the rest answers of Keycloak's that nobody has cleared away yet.
- p99 in a flood of logins: [reliability](../reliability/RESULTS.md) (\`npm run reliability:flood\`).
- Sources: [contenders](./servers), [workloads](./workloads.ts), [rounds](./rounds.ts).
`;
}

function toSection(title: string, figures: readonly Figure[]): string {
  const lines = figures.map(
    (one) =>
      `| ${one.figure} | ${one.measured} | ${one.target === undefined ? '' : `${one.target}: ${toVerdict(one)}`} | \`${one.command}\` |`,
  );
  return `## ${title}

| figure | measured | goal | command |
|---|---|---|---|
${lines.join('\n')}
`;
}

function toTable({ measured }: Results): string {
  const find = (contender: string, workload: string) =>
    measured.find((one) => one.contender === contender && one.workload === workload);
  const rows = CONTENDERS.map(({ id, label }) => {
    const costs = WORKLOADS.map((workload) => find(id, workload.id)?.cpuMicroseconds.toFixed(1) ?? '');
    return `| ${label} | ${costs.join(' | ')} | ${find(id, 'one')?.p99Ms.toFixed(1) ?? ''} |`;
  });
  return `| | ${WORKLOADS.map(({ label }) => label).join(' | ')} | p99 of one token, ms |
|---|${WORKLOADS.map(() => '--:|').join('')}--:|
${rows.join('\n')}`;
}

export const toVerdict = ({ target, isReached, isDisturbed }: Figure) =>
  target === undefined ? 'measured' : isDisturbed ? 'undecided' : isReached ? 'reached' : '**missed**';

const labelOf = (contender: string) => CONTENDERS.find(({ id }) => id === contender)?.label ?? contender;

function rowsOf({ measured }: Results, workload: string): Measured[] {
  return CONTENDERS.flatMap(
    ({ id }) => measured.find((one) => one.workload === workload && one.contender === id) ?? [],
  );
}
