import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { CONTENDERS } from '../contenders.ts';
import type { Figure } from '../figures.ts';
import { generator } from '../load/generator.ts';
import { here, isPinned } from '../processes.ts';
import { writeSizing } from '../sizing/page.ts';
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

/** Writes results.json, RESULTS.md, the pictures, and what they come to in docs/sizing.md. */
export function writeResults(results: Results): void {
  writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(here('RESULTS.md'), toPage(results));
  writeSizing(results);
  mkdirSync(here('../../assets'), { recursive: true });
  for (const [workload, file, title] of [
    [
      'one',
      '../../assets/bench.svg',
      'Requests per second of processor time, the same token again and again',
    ],
    ['many', 'many.svg', 'Requests per second of processor time, 2,000 tokens in turn'],
  ] as const) {
    const bars = rowsOf(results, workload).map(({ contender, cpuMicroseconds }) => ({
      label: labelOf(contender),
      value: 1e6 / cpuMicroseconds,
      isOurs: contender === 'plugin' || contender === 'service',
      isBaseline: contender === 'bare',
    }));
    if (bars.length > 0) {
      writeFileSync(here(file), toBarChart(title, 'GET /protected, Node.js, one core', bars));
    }
  }
}

function toPage(results: Results): string {
  const figures = Object.values(results.figures).flat();
  const promised = figures.filter(({ target }) => target !== undefined);
  const costs = figures.filter(({ target }) => target === undefined);
  return `# Benchmark

Written by \`npm run bench\`: do not edit. ${results.machine}.

Every contender answers \`GET /protected\` with the same JSON. They run one after the other, again and again, so that
whatever else the machine does hits all of them alike. Requests per second and latencies are medians over ${Math.max(0, ...results.measured.map(({ rounds }) => rounds))} rounds; in brackets
stands the middle half of the rounds. "CPU" is the processor time of the server for one request: it changes less
when the machine is busy with something else, and the pictures show it. "Undecided" is what the two disagree about by more
than a quarter: the machine was too busy.

![Requests per second of processor time, one token](../../assets/bench.svg)

![Requests per second of processor time, 2,000 tokens](./many.svg)

## What was promised

| figure | target | measured | | command |
|---|---|---|---|---|
${promised.map((one) => `| ${one.figure} | ${one.target} | ${one.measured} | ${toVerdict(one)} | \`${one.command}\` |`).join('\n')}

## What things cost

Nothing was promised of these; [docs/sizing.md](../../docs/sizing.md) works with them.

| figure | measured | command |
|---|---|---|
${costs.map((one) => `| ${one.figure} | ${one.measured} | \`${one.command}\` |`).join('\n')}

${WORKLOADS.map((workload) => toTable(results, workload.id, workload.label)).join('\n')}
## How it is measured

- The plugin and the service run as they are shipped: \`dist/\`, \`TOKEN_CHECK=recheck\`, defaults for everything, and
  for the service \`LOG_LEVEL=warn\`. Before each round of known tokens they get a second or more of the same load, until the
  realm is hardly asked any more, for a server in use does not stand still while others are measured; so the rounds hold none of the rechecks, of which
  a token in use costs one every 15 seconds.
- The realm is a small stand-in with fixed answers, on the core of the load generator; tokens are RS256, 2048 bits, of
  the size and with the claims that Keycloak issues.
- Tokens never seen before carry a time of issue as if each was issued when it is first used.
- Mixed: 90 % known tokens, 5 % never seen, 5 % forged; in the middle the realm rotates its key, and the tokens that were not
  seen before are signed with the new one. "Refused" above the forged 5 % are good tokens that were turned away.
- Every contender must accept a good token and refuse a forged one before it is measured.
- Sources: [contenders](./servers), [workloads](./workloads.ts), [rounds](./rounds.ts).
`;
}

function toTable(results: Results, workload: string, label: string): string {
  const rows = rowsOf(results, workload);
  if (rows.length === 0) return '';
  const bare = rows.find(({ contender }) => contender === 'bare');
  const heading = `## ${label[0]?.toUpperCase()}${label.slice(1)}

| | requests/s | ${bare ? '÷ bare | ' : ''}CPU µs | p50 ms | p99 ms | refused |
|---|--:|${bare ? '--:|' : ''}--:|--:|--:|--:|
`;
  const whole = (value: number) => Math.round(value).toLocaleString('en-US');
  return `${heading}${rows
    .map((row) => {
      const [low, high] = row.perSecondSpread;
      const share = bare ? ` ${(row.perSecond / bare.perSecond).toFixed(2)} |` : '';
      return `| ${labelOf(row.contender)} | ${whole(row.perSecond)} (${whole(low)}–${whole(high)}) |${share} ${row.cpuMicroseconds.toFixed(1)} | ${row.p50Ms.toFixed(1)} | ${row.p99Ms.toFixed(1)} | ${(row.refusedShare * 100).toFixed(1)} % |`;
    })
    .join('\n')}
`;
}

export const toVerdict = ({ target, isReached, isDisturbed }: Figure) =>
  target === undefined ? 'measured' : isDisturbed ? 'undecided' : isReached ? 'reached' : '**missed**';

const labelOf = (contender: string) => CONTENDERS.find(({ id }) => id === contender)?.label ?? contender;

function rowsOf({ measured }: Results, workload: string): Measured[] {
  return CONTENDERS.flatMap(
    ({ id }) => measured.find((one) => one.workload === workload && one.contender === id) ?? [],
  );
}
