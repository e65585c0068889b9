import { compare } from '../comparison.ts';
import { CONTENDERS, type Contender } from '../contenders.ts';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { type Round, runRounds } from '../rounds.ts';
import { type Measured, summarize } from '../statistics.ts';
import { WORKLOADS, type Workload } from '../workloads.ts';

const COMMAND = 'npm run bench -- guard';
/** Two processes of one program are not equally quick: where their memory and their compiled code lie is chance. */
const COPIES = 3;
const TARGETS = { one: 0.95, many: 0.92 } as const;

/** The plugin's guard ÷ no guard: several processes of each, in turn, so that it shows how far equals differ. */
export async function guard({ quick, log }: PartOptions): Promise<Figure[]> {
  const copies = Array.from({ length: COPIES }, (_, copy) =>
    CONTENDERS.filter(({ id }) => id === 'bare' || id === 'plugin').map(
      (contender): Contender => ({ ...contender, id: `${contender.id} ${copy + 1}` }),
    ),
  ).flat();
  const rounds = await runRounds({
    contenders: copies,
    workloads: WORKLOADS.filter(({ id }) => id in TARGETS),
    rounds: quick ? 2 : 7,
    connections: 50,
    isQuick: quick,
    log,
  });
  return (['one', 'many'] as const).map((workload) => toFigure(workload, rounds));
}

function toFigure(workload: keyof typeof TARGETS, all: readonly Round[]): Figure {
  const rounds = all.filter((round) => round.workload === workload);
  const toId = (contender: string) => contender.split(' ')[0] as string;
  const find = (id: string) =>
    summarize(rounds.map((round) => ({ ...round, contender: toId(round.contender) }))).find(
      ({ contender }) => contender === id,
    ) as Measured;
  const [bare, plugin] = [find('bare'), find('plugin')];
  const { value, text } = compare(plugin, bare);
  const alone = summarize(rounds);
  /** The slowest process of one program ÷ the quickest. */
  const equals = Math.min(
    ...['bare', 'plugin'].flatMap((id) => {
      const own = alone.filter(({ contender }) => toId(contender) === id);
      return (['perSecond', 'cpuMicroseconds'] as const).map((what) => {
        const values = own.map((one) => one[what]);
        return Math.min(...values) / Math.max(...values);
      });
    }),
  );
  const least = TARGETS[workload];
  const { label } = WORKLOADS.find(({ id }) => id === workload) as Workload;
  return {
    figure: `plugin ÷ the same app without auth, ${label}`,
    target: `at least ${least}`,
    measured: `${text} (${bare.cpuMicroseconds.toFixed(1)} and ${plugin.cpuMicroseconds.toFixed(1)} µs); of ${COPIES} processes of one program the slowest ÷ the quickest is down to ${equals.toFixed(2)}`,
    isReached: value >= least,
    // Equals differ by more than what is missing, or to spare.
    isDisturbed: Math.abs(value - least) < 1 - equals,
    command: COMMAND,
  };
}
