import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = () => Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/**
 * Processor time that a process, or all processes of a group, used so far, as Linux counts it, in steps of 10 ms.
 * Unit: seconds.
 *
 * @throws Error where there is no /proc
 */
export function createProcessorClock(
  of: { readonly pid: number } | { readonly group: number },
): () => number {
  const ticks = ticksPerSecond();
  return () => {
    const all =
      'pid' in of ? [readStat(String(of.pid))] : readdirSync('/proc').filter(isNumber).map(readStat);
    let used = 0;
    for (const stat of all) {
      // proc_pid_stat(5): 5 is the process group, 14 and 15 are the time in user and in kernel mode.
      if (stat === undefined || ('group' in of && Number(stat[5 - 3]) !== of.group)) continue;
      used += Number(stat[14 - 3]) + Number(stat[15 - 3]);
    }
    return used / ticks;
  };
}

const isNumber = (name: string) => /^\d+$/.test(name);

/** The fields from the third on: the second is a name, in brackets, with whatever in it. */
function readStat(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    // It ended in the meantime.
    return undefined;
  }
}
