import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad } from '../load/load.ts';
import { measurePace } from '../load/pace.ts';
import type { Phase } from '../load/tally.ts';
import { watchLoad } from '../load/watch.ts';
import type { PartOptions } from '../part-options.ts';
import { type Report, toTable } from '../report/document.ts';
import { failureTable, isGood, verdictLines } from '../report/sections.ts';

/** Nothing is explained by a restart: no request may fail, and a logout must count everywhere at once. */
const RESTART: Phase = { name: 'rolling restart', isQuiet: true, explain: () => undefined };

/** Each replica in turn is told to end by SIGTERM, and started again. */
export async function rolling({ cluster, times, log }: PartOptions): Promise<Report> {
  const load = startLoad(cluster, await measurePace(cluster, log));
  const watch = watchLoad(load, cluster, log);
  await sleep(30_000);
  load.enter(RESTART);
  const restarts: { name: string; exitCode: number | null; endedAfterMs: number; readyAfterMs: number }[] =
    [];
  for (let round = 1; round <= times; round++) {
    for (const replica of cluster.replicas) {
      const began = performance.now();
      const exitCode = await replica.stop();
      const ended = performance.now();
      await replica.start();
      const { name } = replica;
      const [endedAfterMs, readyAfterMs] = [ended - began, performance.now() - ended].map(Math.round) as [
        number,
        number,
      ];
      restarts.push({ name, exitCode, endedAfterMs, readyAfterMs });
      log(`${name}: ended (${exitCode}) after ${endedAfterMs} ms, ready after ${readyAfterMs} ms`);
      await sleep(4_000);
    }
  }
  await sleep(5_000);
  watch.stop();
  await load.stop();
  const sweep = await load.sweep();
  const { tally } = load;
  const isClean = restarts.every(({ exitCode }) => exitCode === 0) && tally.failed === 0;
  const most = (read: (one: (typeof restarts)[number]) => number) => Math.max(...restarts.map(read));
  return {
    part: 'rolling',
    isGood: isGood(tally) && isClean && sweep.wrong === 0,
    text: `${restarts.length} restarts by SIGTERM, one replica after the other, under the mixed load: **${tally.failed} of ${tally.requests.toLocaleString('en-US')} requests failed.**

${toTable(
  ['restarts', 'ended with exit code 0', 'longest end', 'longest start'],
  [
    [
      restarts.length,
      restarts.filter(({ exitCode }) => exitCode === 0).length,
      `${most((one) => one.endedAfterMs)} ms`,
      `${most((one) => one.readyAfterMs)} ms`,
    ],
  ],
)}

${verdictLines(tally)}
- afterwards at every replica, of ${sweep.live} signed in and ${sweep.ended} logged out: **${sweep.wrong} wrong**

${failureTable([...tally.failures.values()])}`,
  };
}
