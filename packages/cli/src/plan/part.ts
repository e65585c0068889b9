import { type AdminConnection, applyStep, type Blocked, type Change, type Plan } from '../admin/index.ts';
import { findExposure, nameWithTarget, writePrivateFile } from '../settings/private-file.ts';
import type { Output } from '../terminal/output.ts';

export interface PlanStep {
  readonly kind: 'create' | 'change' | 'delete';
  readonly subject: string;
  readonly changes: readonly Change[];
  /** New rights of existing users and programs. Shown in red. */
  readonly opens?: readonly string[] | undefined;
}

export interface Done {
  readonly verb: string;
  readonly subject: string;
}

export interface PlanPart {
  readonly title?: string | undefined;
  readonly steps: readonly PlanStep[];
  /** Subjects that exist and stay as they are. */
  readonly kept: readonly string[];
  readonly blocked: readonly Blocked[];
  /** Asks further questions before the person agrees to the plan. */
  settle?(): Promise<void>;
  apply(): AsyncIterable<Done>;
}

const VERBS = { create: 'created', change: 'changed', delete: 'deleted' } as const;

export const NO_PART: PlanPart = { steps: [], kept: [], blocked: [], async *apply() {} };

export async function toFilePart(
  file: string,
  changes: readonly Change[],
  content: () => string,
  { isNew = true, holds = '' } = {},
): Promise<PlanPart> {
  const subject = await nameWithTarget(file);
  return {
    ...NO_PART,
    steps: [{ kind: isNew ? 'create' : 'change', subject, changes, opens: await findExposure(file) }],
    async *apply() {
      await writePrivateFile(file, content());
      yield { verb: 'wrote', subject: `${file} (${holds}readable by you alone)` };
    },
  };
}

export function toPart(
  title: string | undefined,
  { steps, kept, blocked }: Pick<PlanPart, 'steps' | 'kept' | 'blocked'>,
  run: () => AsyncIterable<Pick<PlanStep, 'kind' | 'subject'>>,
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
