import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad } from '../load/load.ts';
import { measurePace } from '../load/pace.ts';
import { watchLoad } from '../load/watch.ts';
import type { PartOptions } from '../part-options.ts';
import type { Report } from '../report/document.ts';
import { failureTable, isGood, memoryTable, requestTable, verdictLines } from '../report/sections.ts';

/** Everything users do, for as long as is asked for, with nothing broken. */
export async function mixed({ cluster, minutes, log }: PartOptions): Promise<Report> {
  const load = startLoad(cluster, await measurePace(cluster, log));
  const watch = watchLoad(load, cluster, log);
  await sleep(minutes * 60_000);
  watch.stop();
  await load.stop();
  const sweep = await load.sweep();
  const { tally } = load;
  const names = cluster.replicas.map(({ name }) => name);
  return {
    part: 'mixed',
    isGood: isGood(tally) && sweep.wrong === 0,
    text: `${tally.requests.toLocaleString('en-US')} requests in ${minutes} minutes, and every answer held against what that user was due:

${verdictLines(tally)}
- at the end each of the ${sweep.live} users who were signed in was let in by every replica, and each of the last ${sweep.ended} who were logged out refused by every replica: **${sweep.wrong} wrong**

${requestTable(tally)}

${failureTable([...tally.failures.values()])}

Resident memory:

${memoryTable(watch.memory, names)}`,
  };
}
