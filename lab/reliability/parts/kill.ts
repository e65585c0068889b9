import { setTimeout as sleep } from 'node:timers/promises';
import { type Load, type Sweep, startLoad } from '../load/load.ts';
import { measurePace } from '../load/pace.ts';
import { QUIET } from '../load/tally.ts';
import { watchLoad } from '../load/watch.ts';
import { type Cluster, RECHECK_MS } from '../machines/cluster.ts';
import type { PartOptions } from '../part-options.ts';
import { type Report, toTable } from '../report/document.ts';
import { failureTable, isGood, verdictLines } from '../report/sections.ts';
import { FAULTS, type Fault } from './faults.ts';

/** So long without a failure is healed. Unit: milliseconds. */
const CALM_MS = 15_000;
const LONGEST_HEALING_MS = 180_000;

interface Outcome {
  readonly name: string;
  /** From the kill until the process that was started again was ready. */
  readonly downMs: number;
  readonly failed: number;
  /** From the kill to the answer of the last request that failed; `undefined`: none did. */
  readonly lastFailureMs: number | undefined;
  readonly sweep: Sweep;
}

/** One thing after the other is killed under the mixed load, and started again. */
export async function kill({ cluster, log }: PartOptions): Promise<Report> {
  const load = startLoad(cluster, await measurePace(cluster, log));
  const watch = watchLoad(load, cluster, log);
  await sleep(60_000);
  const outcomes: Outcome[] = [];
  for (const fault of FAULTS) outcomes.push(await apply(fault, load, cluster, log));
  watch.stop();
  await load.stop();
  const { tally } = load;
  const seconds = (ms: number | undefined) => (ms === undefined ? '–' : `${(ms / 1000).toFixed(1)} s`);
  return {
    part: 'kill',
    isGood: isGood(tally) && outcomes.every(({ sweep }) => sweep.wrong === 0),
    text: `\`kill -9\` under the mixed load, one after the other, each started again with the data it had:

${toTable(
  [
    'killed',
    'away for',
    'failed requests',
    'the last one, after the kill',
    'healed',
    'afterwards at every replica',
  ],
  outcomes.map(({ name, downMs, failed, lastFailureMs, sweep }) => [
    ...[name, seconds(downMs), failed, seconds(lastFailureMs)],
    lastFailureMs === undefined || lastFailureMs <= downMs
      ? 'at once'
      : `${seconds(lastFailureMs - downMs)} after it was back`,
    `${sweep.live} signed in, ${sweep.ended} logged out: ${sweep.wrong} wrong`,
  ]),
)}

${verdictLines(tally)}

${failureTable([...tally.failures.values()])}`,
  };
}

async function apply(
  fault: Fault,
  load: Load,
  cluster: Cluster,
  log: (text: string) => void,
): Promise<Outcome> {
  const before = load.tally.failed;
  load.enter(fault.phase);
  const began = performance.now();
  await fault.crash(cluster);
  log(`${fault.phase.name}: killed`);
  await sleep(fault.awayMs);
  await fault.restart(cluster);
  const downMs = performance.now() - began;
  log(`${fault.phase.name}: back after ${(downMs / 1000).toFixed(1)} s`);
  const failuresAt = () =>
    load.tally.failuresIn(({ phase }) => phase === fault.phase.name).map(({ lastAt }) => lastAt);
  // A Keycloak that has just started is slow: it has healed when nothing has failed for a while.
  const backAt = performance.now();
  const isHealed = () => performance.now() - Math.max(backAt, ...failuresAt()) > CALM_MS;
  while (!isHealed() && performance.now() - backAt < LONGEST_HEALING_MS) await sleep(500);
  const last = failuresAt();
  const failed = load.tally.failed - before;
  load.enter(QUIET);
  // Logouts that were not shared are found by asking Keycloak again.
  await sleep(RECHECK_MS + 12_000);
  const sweep = await load.sweep();
  log(`${fault.phase.name}: ${failed} failed, ${sweep.live} signed in, ${sweep.wrong} wrong`);
  return {
    ...{ name: fault.phase.name, downMs, failed, sweep },
    lastFailureMs: last.length === 0 ? undefined : Math.max(...last) - began,
  };
}
