import type { Plan, Step } from '../admin/index.ts';
import type { Output } from '../terminal/output.ts';
import { type PlanPart, VERBS } from './part.ts';

/** A plan for a realm, as a part that applies it step by step. */
export function toRealmPart<A>(
  title: string | undefined,
  { steps, kept, blocked }: Plan<A>,
  applyStep: (step: Step<A>) => Promise<void>,
  out: Output,
): PlanPart {
  return {
    title,
    steps,
    kept,
    blocked,
    async *apply() {
      for (const step of steps) {
        out.progress(`${step.kind} ${step.subject}`);
        await applyStep(step);
        yield { verb: VERBS[step.kind], subject: step.subject };
      }
    },
  };
}
