import { applyStep } from '../admin/apply.ts';
import type { AdminConnection } from '../admin/connection.ts';
import type { Change, Plan, PlanStep } from '../admin/plan/step.ts';
import { planWrite, writePrivateFile } from '../settings/private-file.ts';
import { type Output, toPlainLine } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';

export interface PlanPart extends Plan<PlanStep> {
  readonly title?: string | undefined;
  /** @throws {UsageError} where it needs a person's yes, and nobody is asked */
  assertAgreeable?(): void;
  apply(): AsyncIterable<{ readonly verb: string; readonly subject: string }>;
}

const VERBS = { create: 'created', change: 'changed', delete: 'deleted' } as const;

export const NO_PART: PlanPart = { steps: [], kept: [], blocked: [], async *apply() {} };

export async function toFilePart(
  file: string,
  changes: readonly Change[],
  content: () => string,
  { isNew = true, holds = '' } = {},
): Promise<PlanPart> {
  return {
    ...NO_PART,
    steps: [{ kind: isNew ? 'create' : 'change', changes, ...(await planWrite(file)) }],
    async *apply() {
      await writePrivateFile(file, content());
      yield { verb: 'wrote', subject: `${file} (${holds}readable by you alone)` };
    },
  };
}

export function toPart(
  title: string | undefined,
  { steps, kept, blocked }: Plan<PlanStep>,
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

const SIGNS = { create: ['green', '+'], change: ['yellow', '~'], delete: ['red', '-'] } as const;

/**
 * Prints the steps of a plan (+, ~, -), the rights that they open, unchanged things (=) and tasks for a person (!). Never prints
 * secrets.
 */
export function showSteps(out: Output, { steps, kept, blocked }: Omit<PlanPart, 'apply'>): void {
  const { paint } = out;
  for (const { subject, steps: together } of bySubject(steps)) {
    const kind = together[0]?.kind ?? 'change';
    const [format, sign] = SIGNS[kind];
    out.line(paint(format, `  ${sign} ${kind} ${toPlainLine(subject)}`));
    for (const { field, from, to } of together.flatMap((step) => step.changes)) {
      const isAdded = kind === 'create' || (from === '' && to.startsWith('+'));
      out.line(`      ${toPlainLine(`${field}: ${isAdded ? to : `${from || '(none)'} → ${to}`}`)}`);
    }
    for (const opened of together.flatMap((step) => step.opens ?? []))
      out.line(paint('red', `      opens: ${toPlainLine(opened)}`));
  }
  for (const subject of kept) out.line(paint('dim', `  = keep ${toPlainLine(subject)}`));
  for (const { subject, why, fix } of blocked) {
    out.line(paint('red', `  ! ${toPlainLine(subject)}: ${toPlainLine(why)}`));
    out.line(`      by hand: ${toPlainLine(fix)}`);
  }
}

function bySubject(steps: readonly PlanStep[]): { subject: string; steps: PlanStep[] }[] {
  const groups: { subject: string; steps: PlanStep[] }[] = [];
  for (const step of steps) {
    // The settings of something new are a part of its creation.
    const group = groups.find(
      ({ subject, steps: [first] }) =>
        subject === step.subject && (first?.kind === 'create' || first?.kind === step.kind),
    );
    if (group) group.steps.push(step);
    else groups.push({ subject: step.subject, steps: [step] });
  }
  return groups;
}

export interface RunOptions {
  readonly dryRun: boolean;
  readonly yes: boolean;
  /** Values from a file that the person did not name; shown before the question. */
  readonly chosen?: readonly string[];
}

export interface Outcome {
  readonly what: 'applied' | 'nothing' | 'shown' | 'declined';
  readonly isDone: boolean;
  /** 0 done, 1 something is left to a person, 2 not applied. */
  readonly code: 0 | 1 | 2;
}

/**
 * Shows a plan, asks, applies it, and reports the result: the only way in which a command changes Keycloak.
 *
 * @param questions `undefined` without a terminal
 */
export async function runPlan(
  parts: readonly PlanPart[],
  { dryRun, yes, chosen = [] }: RunOptions,
  out: Output,
  questions: Questions | undefined,
): Promise<Outcome> {
  for (const part of parts) {
    if (part.title !== undefined) out.line(toPlainLine(part.title));
    showSteps(out, part);
  }
  const steps = parts.flatMap((part) => part.steps);
  const left = parts.reduce((sum, { blocked }) => sum + blocked.length, 0);
  const end = (what: Outcome['what']): Outcome => {
    if (left > 0) out.line(`To do by hand: ${left} (marked ! above).`);
    return { what, code: left > 0 ? 1 : 0, isDone: left === 0 && what !== 'shown' };
  };
  if (steps.length === 0) {
    out.line('Nothing to change.');
    return end('nothing');
  }
  if (dryRun) {
    out.line('Dry run: nothing was changed.');
    return end('shown');
  }
  for (const part of parts) part.assertAgreeable?.();
  if (chosen.length > 0)
    out.line(
      out.paint(
        'red',
        `  ! these values are from a file that you did not name: ${toPlainLine(chosen.join(', '))}`,
      ),
    );
  const isRisky =
    chosen.length > 0 || steps.some(({ kind, opens = [] }) => kind === 'delete' || opens.length > 0);
  if (!(await isConfirmed(yes, isRisky, out, questions))) return { what: 'declined', code: 2, isDone: false };
  await apply(parts, out);
  return end('applied');
}

async function isConfirmed(
  yes: boolean,
  isRisky: boolean,
  out: Output,
  questions: Questions | undefined,
): Promise<boolean> {
  if (yes) return true;
  if (questions === undefined) {
    out.line('Nothing was changed: there is no terminal to confirm on. Run it again with --yes.');
    return false;
  }
  // Enter alone does not confirm a plan that deletes or opens something.
  if (await questions.confirm('Apply this?', !isRisky)) return true;
  out.line('Nothing was changed.');
  return false;
}

async function apply(parts: readonly PlanPart[], out: Output): Promise<void> {
  const done = new Set<string>();
  try {
    for (const part of parts) {
      for await (const { verb, subject } of part.apply()) {
        // Several steps about one thing are one line, as in the plan.
        if (!done.has(subject)) out.line(`  ${out.paint('green', '✓')} ${verb} ${toPlainLine(subject)}`);
        done.add(subject);
      }
    }
  } catch (error) {
    if (done.size > 0) out.line('What was done so far stays; run it again to go on.');
    throw error;
  }
}
