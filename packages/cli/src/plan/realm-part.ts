import { type AdminConnection, applyStep, type Plan } from '../admin/index.ts';
import type { Output } from '../terminal/output.ts';
import { type PlanPart, type ShownStep, VERBS } from './part.ts';

/** A plan as a part. `run` does it, and yields each step that is done. */
export function toPart(
  title: string | undefined,
  { steps, kept, blocked }: Pick<PlanPart, 'steps' | 'kept' | 'blocked'>,
  run: () => AsyncIterable<Pick<ShownStep, 'kind' | 'subject'>>,
): PlanPart {
  return {
    title,
    steps,
    kept,
    blocked,
    async *apply() {
      for await (const { kind, subject } of run()) yield { verb: VERBS[kind], subject };
    },
  };
}

/** A plan for a realm, as a part that does it step by step. */
export function toRealmPart(
  title: string | undefined,
  plan: Plan,
  api: AdminConnection['api'],
  target: Parameters<typeof applyStep>[1],
  out: Output,
): PlanPart {
  return toPart(title, plan, async function* () {
    for (const step of plan.steps) {
      out.progress(`${step.kind} ${step.subject}`);
      await applyStep(api, target, step);
      yield step;
    }
  });
}
