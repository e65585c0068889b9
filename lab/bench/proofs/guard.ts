import { CONTENDERS } from '../contenders.ts';
import { compareCopies, copiesOf } from '../copies.ts';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { runRounds } from '../rounds.ts';
import { WORKLOADS } from '../workloads.ts';

const COMMAND = 'npm run bench -- guard';
const TARGETS = { one: 0.95, many: 0.92 } as const;

/** The plugin's guard ÷ no guard. */
export async function guard({ quick, log }: PartOptions): Promise<Figure[]> {
  const workloads = WORKLOADS.filter(({ id }) => id in TARGETS);
  const rounds = await runRounds({
    contenders: copiesOf(CONTENDERS.filter(({ id }) => id === 'bare' || id === 'plugin')),
    workloads,
    rounds: quick ? 2 : 7,
    connections: 50,
    isQuick: quick,
    log,
  });
  return workloads.map(({ id, label }) => ({
    figure: `plugin ÷ the same app without auth, ${label}`,
    ...compareCopies(
      rounds.filter(({ workload }) => workload === id),
      { ours: 'plugin', theirs: 'bare', least: TARGETS[id as keyof typeof TARGETS] },
    ),
    command: COMMAND,
  }));
}
