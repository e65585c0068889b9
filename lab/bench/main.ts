// npm run bench [-- [part…] [--quick] [--against FOLDER]]
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CONTENDERS } from './contenders.ts';
import { compareCheckouts } from './copies.ts';
import { type Figure, toFigures } from './figures.ts';
import type { PartOptions } from './part-options.ts';
import { here } from './processes.ts';
import { adapters } from './proofs/adapters.ts';
import { byHand } from './proofs/by-hand.ts';
import { calling } from './proofs/calling.ts';
import { dpop } from './proofs/dpop.ts';
import { events } from './proofs/events.ts';
import { freshness } from './proofs/freshness.ts';
import { guard } from './proofs/guard.ts';
import { keycloak } from './proofs/keycloak.ts';
import { logins } from './proofs/logins.ts';
import { memory } from './proofs/memory.ts';
import { observability } from './proofs/observability.ts';
import { permissions } from './proofs/permissions.ts';
import { randomKids } from './proofs/random-kids.ts';
import { resident } from './proofs/resident.ts';
import { rotations } from './proofs/rotations.ts';
import { sessions } from './proofs/sessions.ts';
import { start } from './proofs/start.ts';
import { tenants } from './proofs/tenants.ts';
import { describeMachine, loadResults, toVerdict, writeResults } from './report/results.ts';
import { runRounds } from './rounds.ts';
import { summarize } from './statistics.ts';
import { WORKLOADS } from './workloads.ts';

const PARTS: Readonly<Record<string, (options: PartOptions) => Promise<Figure[]>>> = {
  throughput,
  guard,
  adapters,
  dpop,
  permissions,
  start,
  resident,
  logins,
  'random-kids': randomKids,
  rotations,
  memory,
  freshness,
  observability,
  sessions,
  tenants,
  'by-hand': byHand,
  calling,
  events,
  keycloak,
  // Measures nothing: writes the pages again, from what was measured last.
  pages: async () => [],
};
/** They need a real Keycloak or Redis, or minutes of their own. */
const ON_REQUEST = [
  'adapters',
  'dpop',
  'permissions',
  'freshness',
  'sessions',
  'tenants',
  'calling',
  'events',
  'keycloak',
  'pages',
];
const WITHOUT_CONTENDERS = ['start', 'logins', 'tenants', 'by-hand', 'calling', 'events', 'pages'];
const BY_DEFAULT = Object.keys(PARTS).filter((part) => !ON_REQUEST.includes(part));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', multiple: true },
    workload: { type: 'string', multiple: true },
    against: { type: 'string' },
    'keep-results': { type: 'boolean', default: false },
  },
});
const parts = positionals.length > 0 ? positionals : BY_DEFAULT;
const unknown = parts.filter((part) => !Object.hasOwn(PARTS, part));
if (unknown.length > 0) {
  process.stderr.write(`No part ${unknown.join(', ')}. There are: ${Object.keys(PARTS).join(', ')}\n`);
  process.exit(2);
}

if (parts.some((part) => !WITHOUT_CONTENDERS.includes(part))) installContenders();
const began = Date.now();
const log = (text: string) => {
  const seconds = String(Math.round((Date.now() - began) / 1000)).padStart(4);
  process.stdout.write(`${seconds} s  ${text}\n`);
};
// A short run is for looking, and a part of the contenders proves nothing: the page shows full runs.
const isKept = !(values.quick || values.only || values.workload || values.against || values['keep-results']);
let results = loadResults();
for (const part of parts) {
  const figures = await PARTS[part]!({ quick: values.quick, log, against: values.against });
  if (part !== 'pages') results = { ...results, figures: { ...results.figures, [part]: figures } };
  for (const one of figures) {
    const target = one.target === undefined ? '' : ` (${one.target})`;
    process.stdout.write(`${toVerdict(one).padEnd(10)} ${one.figure}: ${one.measured}${target}\n`);
  }
  if (isKept) writeResults(results);
}
if (isKept)
  process.stdout.write(
    'Written: lab/bench/RESULTS.md, assets/bench.svg, assets/sizing.svg, docs/production.md\n',
  );

async function throughput(options: PartOptions): Promise<Figure[]> {
  const workloads = WORKLOADS.filter(({ id }) => values.workload?.includes(id) ?? true);
  const howMuch = {
    rounds: Number(values.rounds ?? (options.quick ? 1 : 7)),
    connections: 50,
    isQuick: options.quick,
    log: options.log,
  };
  if (options.against !== undefined) return compareCheckouts(options.against, { ...howMuch, workloads });
  const rounds = await runRounds({
    contenders: CONTENDERS.filter(({ id }) => values.only?.includes(id) ?? true),
    workloads,
    ...howMuch,
  });
  const measured = summarize(rounds);
  results = { ...results, measured, machine: describeMachine() };
  for (const workload of WORKLOADS) {
    for (const one of measured.filter((one) => one.workload === workload.id)) {
      const label = CONTENDERS.find(({ id }) => id === one.contender)?.label ?? '';
      process.stdout.write(
        `${workload.id.padEnd(9)} ${label.padEnd(28)} ${one.perSecond.toFixed(0).padStart(7)}/s ${one.cpuMicroseconds.toFixed(1).padStart(7)} µs CPU  p99 ${one.p99Ms.toFixed(1)} ms\n`,
      );
    }
  }
  return toFigures(measured);
}

/** The contenders are dependencies of the benchmark alone. */
function installContenders(): void {
  const installed = here('node_modules/.package-lock.json');
  const isFresh =
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(here('package-lock.json')).mtimeMs;
  if (isFresh) return;
  const { status } = spawnSync('npm', ['ci', '--prefix', here('.'), '--no-audit'], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
