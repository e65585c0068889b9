import { compare } from './comparison.ts';
import type { Measured } from './statistics.ts';

/** One figure, and where something was promised, whether it holds. */
export interface Figure {
  readonly figure: string;
  /** Not there: nothing was promised, it is what something costs. */
  readonly target?: string;
  readonly measured: string;
  readonly isReached?: boolean;
  /** What else the machine did shows in the numbers: they prove nothing, either way. */
  readonly isDisturbed?: boolean;
  readonly command: string;
  /** The same as numbers, by name and unit, for `docs/production.md`. */
  readonly values?: Readonly<Record<string, number>>;
}

const COMMAND = 'npm run bench';

/** The figures that follow from the rounds. */
export function toFigures(measured: readonly Measured[]): Figure[] {
  const find = (workload: string, contender: string) =>
    measured.find((one) => one.workload === workload && one.contender === contender);

  function ratio(text: string, least: number, workload: string, ours: string, theirs: string): Figure[] {
    const a = find(workload, ours);
    const b = find(workload, theirs);
    if (a === undefined || b === undefined) return [];
    const { value, text: measured, isDisturbed } = compare(a, b);
    const isReached = value >= least;
    return [
      { figure: text, target: `at least ${least}`, measured, isReached, isDisturbed, command: COMMAND },
    ];
  }

  const p99 = [find('one', 'service')?.p99Ms, find('one', 'bare')?.p99Ms] as const;
  return [
    ...ratio('service as shipped ÷ bare Fastify, one token', 0.9, 'one', 'service', 'bare'),
    ...ratio('service as shipped ÷ bare Fastify, 2,000 tokens in turn', 0.87, 'many', 'service', 'bare'),
    ...ratio('service as shipped ÷ Fastify + jose, one token', 4, 'one', 'service', 'jose'),
    ...ratio('plugin ÷ Fastify + jose, tokens never seen before', 0.95, 'unseen', 'plugin', 'jose'),
    ...(p99[0] === undefined || p99[1] === undefined
      ? []
      : [
          {
            figure: 'p99 latency at 50 connections, service as shipped ÷ bare Fastify',
            target: 'at most 1.5',
            measured: `${(p99[0] / p99[1]).toFixed(2)} (${p99[0].toFixed(1)} ms ÷ ${p99[1].toFixed(1)} ms)`,
            isReached: p99[0] / p99[1] <= 1.5,
            // Nobody who does more is quicker.
            isDisturbed: p99[0] / p99[1] < 0.8,
            command: COMMAND,
          },
        ]),
  ];
}
