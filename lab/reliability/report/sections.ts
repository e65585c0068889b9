import { quantile } from '../../bench/statistics.ts';
import type { Failure, Tally } from '../load/tally.ts';
import type { MemorySamples } from '../load/watch.ts';
import { toTable } from './document.ts';

const MIB = 2 ** 20;

/** Requests by kind, with their times. */
export function requestTable({ times, failures }: Tally): string {
  return toTable(
    ['request', 'count', 'failed', 'p50', 'p99', 'longest'],
    [...times].map(([kind, ms]) => {
      const sorted = ms.toSorted((a, b) => a - b);
      const of = (q: number) => `${quantile(sorted, q).toFixed(1)} ms`;
      const failed = [...failures.values()].filter((one) => one.kind === kind);
      return [kind, ms.length, sum(failed), of(0.5), of(0.99), of(1)];
    }),
  );
}

/** What failed, by kind, answer and cause. */
export function failureTable(failures: readonly Failure[]): string {
  if (failures.length === 0) return 'No request failed.';
  return toTable(
    ['while', 'request', 'answer', 'count', 'cause'],
    failures.map(({ phase, kind, answer, count, cause }) => [
      ...[phase, kind, answer, count],
      cause ?? '**unexplained**',
    ]),
  );
}

/** Memory at the beginning and at the end. The first minute is left out: a process has to warm up. */
export function memoryTable(memory: MemorySamples, names: readonly string[]): string {
  return toTable(
    ['replica', 'first quarter', 'last quarter', 'change', 'over time'],
    memory.map((samples, i) => {
      const { first, last } = quarters(samples);
      const change = `${last >= first ? '+' : '−'}${Math.abs((last / first - 1) * 100).toFixed(1)} %`;
      return [names[i] ?? '', inMib(first), inMib(last), change, sparkline(samples)];
    }),
  );
}

/** Medians of the first and the last quarter. Unit: bytes. */
export function quarters(samples: readonly number[]): { first: number; last: number } {
  const warm = samples.slice(Math.min(60, Math.floor(samples.length / 4)));
  const quarter = Math.max(1, Math.floor(warm.length / 4));
  const median = (part: readonly number[]) =>
    quantile(
      [...part].sort((a, b) => a - b),
      0.5,
    );
  return { first: median(warm.slice(0, quarter)), last: median(warm.slice(-quarter)) };
}

/** Twenty-four steps, from zero to the highest. */
export function sparkline(samples: readonly number[]): string {
  const most = Math.max(...samples);
  const steps = Math.min(24, samples.length);
  return Array.from({ length: steps }, (_, i) => {
    const part = samples.slice(
      Math.floor((i * samples.length) / steps),
      Math.floor(((i + 1) * samples.length) / steps),
    );
    const mean = part.reduce((total, one) => total + one, 0) / part.length;
    return '▁▂▃▄▅▆▇█'[Math.min(7, Math.floor((mean / most) * 8))];
  }).join('');
}

export function verdictLines({
  signedOutWrongly,
  letInWrongly,
  unexplained,
  between,
  skipped,
}: Tally): string {
  return [
    `- signed in and refused: **${signedOutWrongly.length}**`,
    `- logged out and let in: **${letInWrongly.length}**`,
    `- failed for a cause that is not known: **${unexplained}**`,
    `- answered while the user was just logging out, where either answer is right: ${between}; not sent, because too much was under way: ${skipped}`,
  ].join('\n');
}

export const isGood = ({ signedOutWrongly, letInWrongly, unexplained }: Tally): boolean =>
  signedOutWrongly.length + letInWrongly.length + unexplained === 0;

const inMib = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`;
const sum = (failures: readonly Failure[]) => failures.reduce((total, { count }) => total + count, 0);
