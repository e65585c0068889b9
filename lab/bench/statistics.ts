import type { Round } from './rounds.ts';

/** The rounds of one contender with one workload, in short. */
export interface Measured {
  readonly contender: string;
  readonly workload: string;
  readonly rounds: number;
  /** Median, and the middle half of the rounds. */
  readonly perSecond: number;
  readonly perSecondSpread: readonly [number, number];
  readonly cpuMicroseconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers of 400 and above, and none at all, ÷ requests. */
  readonly refusedShare: number;
}

export function summarize(rounds: readonly Round[]): Measured[] {
  const groups = groupRounds(rounds);
  return [...groups.values()].map((group) => {
    const of = (read: (round: Round) => number) => group.map(read).sort((a, b) => a - b);
    const perSecond = of(({ requests, seconds }) => requests / seconds);
    const first = group[0] as Round;
    return {
      contender: first.contender,
      workload: first.workload,
      rounds: group.length,
      perSecond: quantile(perSecond, 0.5),
      perSecondSpread: [quantile(perSecond, 0.25), quantile(perSecond, 0.75)],
      cpuMicroseconds: quantile(
        of((round) => round.cpuMicroseconds),
        0.5,
      ),
      p50Ms: quantile(
        of((round) => round.p50Ms),
        0.5,
      ),
      p99Ms: quantile(
        of((round) => round.p99Ms),
        0.5,
      ),
      refusedShare: quantile(
        of((round) => (round.refused + round.failed) / round.requests),
        0.5,
      ),
    };
  });
}

function groupRounds(rounds: readonly Round[]): Map<string, Round[]> {
  const groups = new Map<string, Round[]>();
  for (const round of rounds) {
    const key = `${round.workload} ${round.contender}`;
    groups.set(key, [...(groups.get(key) ?? []), round]);
  }
  return groups;
}

/** Of values in ascending order, between neighbours where it falls between them. */
export function quantile(values: readonly number[], q: number): number {
  const at = (values.length - 1) * q;
  const low = values[Math.floor(at)] ?? Number.NaN;
  const high = values[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}
