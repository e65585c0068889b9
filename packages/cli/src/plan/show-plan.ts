import type { Output } from '../terminal/output.ts';
import { toPlainLine } from '../terminal/style.ts';
import type { PlanPart, ShownStep } from './part.ts';

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

/** Steps about the same thing are shown together, in the order of the first. */
function bySubject(steps: readonly ShownStep[]): { subject: string; steps: ShownStep[] }[] {
  const groups: { subject: string; steps: ShownStep[] }[] = [];
  for (const step of steps) {
    const group = groups.find((one) => one.subject === step.subject && one.steps[0]?.kind === step.kind);
    if (group) group.steps.push(step);
    else groups.push({ subject: step.subject, steps: [step] });
  }
  return groups;
}
