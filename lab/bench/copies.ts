import { compare } from './comparison.ts';
import { CONTENDERS, type Contender, ofCheckout } from './contenders.ts';
import type { Figure } from './figures.ts';
import { type Round, type RoundsOptions, runRounds } from './rounds.ts';
import { type Measured, summarize } from './statistics.ts';

/** Two processes of one program are not equally quick: where their memory and their compiled code lie is chance. */
const COPIES = 3;

/** Several processes of each, in turn, so that it shows how far equals differ. */
export function copiesOf(contenders: readonly Contender[]): Contender[] {
  return Array.from({ length: COPIES }, (_, copy) =>
    contenders.map((contender): Contender => ({ ...contender, id: `${contender.id} ${copy + 1}` })),
  ).flat();
}

/** `ours` ÷ `theirs`, over all processes of each. All rounds are of one workload. */
export function compareCopies(
  rounds: readonly Round[],
  { ours, theirs, least }: { ours: string; theirs: string; least: number },
): Pick<Figure, 'target' | 'measured' | 'isReached' | 'isDisturbed'> {
  const together = summarize(rounds.map((round) => ({ ...round, contender: toId(round.contender) })));
  const find = (id: string) => together.find(({ contender }) => contender === id) as Measured;
  const { value, text } = compare(find(ours), find(theirs));
  const microseconds = [theirs, ours].map((id) => find(id).cpuMicroseconds.toFixed(1)).join(' and ');
  const equals = Math.min(...[ours, theirs].map((id) => slowestOf(rounds, id)));
  return {
    target: `at least ${least}`,
    measured: `${text} (${microseconds} µs); of ${COPIES} processes of one program the slowest ÷ the quickest is down to ${equals.toFixed(2)}`,
    isReached: value >= least,
    // Equals differ by more than what is missing, or to spare.
    isDisturbed: Math.abs(value - least) < 1 - equals,
  };
}

/** Plugin and service ÷ those of another checkout, which is built. */
export async function compareCheckouts(
  checkout: string,
  options: Omit<RoundsOptions, 'contenders'>,
): Promise<Figure[]> {
  const ours = CONTENDERS.filter(({ id }) => id === 'plugin' || id === 'service');
  const contenders = copiesOf(ours.flatMap((one) => [one, ofCheckout(one, checkout)]));
  const rounds = await runRounds({ ...options, contenders });
  return options.workloads.flatMap(({ id, label }) =>
    ours.map((one) => ({
      figure: `${one.id} ÷ ${one.id} of ${checkout}, ${label}`,
      ...compareCopies(
        rounds.filter(({ workload }) => workload === id),
        { ours: one.id, theirs: ofCheckout(one, checkout).id, least: 0.95 },
      ),
      command: 'npm run bench -- throughput --against FOLDER',
    })),
  );
}

/** The slowest process of one program ÷ the quickest. */
function slowestOf(rounds: readonly Round[], id: string): number {
  const own = summarize(rounds.filter(({ contender }) => toId(contender) === id));
  return Math.min(
    ...(['perSecond', 'cpuMicroseconds'] as const).map((what) => {
      const values = own.map((one) => one[what]);
      return Math.min(...values) / Math.max(...values);
    }),
  );
}

const toId = (copy: string) => copy.split(' ')[0] as string;
