import type { Plan, Step } from '../admin/index.ts';
import type { Output } from '../terminal/output.ts';
import { toPlainLine } from '../terminal/style.ts';
import type { EnvChange } from './env-file.ts';

/** Prints a plan: what is created (+), changed (~), kept (=) and left to a person (!). Secrets are never shown. */
export function showPlan(
  out: Output,
  plan: Plan<unknown>,
  env: { file: string | undefined; changes: readonly EnvChange[] },
): void {
  const { paint } = out;
  for (const { subject, steps } of bySubject(plan.steps)) {
    const isNew = steps[0]?.kind === 'create';
    out.line(isNew ? paint('green', `  + create ${subject}`) : paint('yellow', `  ~ change ${subject}`));
    for (const { field, from, to } of steps.flatMap((step) => step.changes)) {
      out.line(
        `      ${field}: ${toPlainLine(isNew || (from === '' && to.startsWith('+')) ? to : `${from || '(none)'} → ${to}`)}`,
      );
    }
  }
  if (env.file !== undefined && env.changes.length > 0) {
    const isNew = env.changes.every(({ from }) => from === undefined);
    out.line(isNew ? paint('green', `  + write ${env.file}`) : paint('yellow', `  ~ change ${env.file}`));
    for (const change of env.changes) out.line(`      ${envLine(change)}`);
  }
  for (const subject of plan.kept) out.line(paint('dim', `  = keep ${subject}`));
  for (const { subject, why, fix } of plan.blocked) {
    out.line(paint('red', `  ! ${subject}: ${toPlainLine(why)}`));
    out.line(`      by hand: ${toPlainLine(fix)}`);
  }
}

/** One line about a setting; a secret is named, not shown. */
export function envLine({ name, from, to }: EnvChange): string {
  const isSecret = /SECRET|PASSWORD/.test(name);
  const shown = (value: string) => (isSecret ? '(hidden)' : value);
  if (from === undefined) return `${name}: ${isSecret ? '(hidden)' : to}`;
  return `${name}: ${shown(from)} → ${shown(to)}${isSecret ? ' (another one)' : ''}`;
}

/** Steps about the same thing are shown together, in the order of the first. */
function bySubject(steps: readonly Step<unknown>[]): { subject: string; steps: Step<unknown>[] }[] {
  const groups: { subject: string; steps: Step<unknown>[] }[] = [];
  for (const step of steps) {
    const group = groups.find((one) => one.subject === step.subject && one.steps[0]?.kind === step.kind);
    if (group) group.steps.push(step);
    else groups.push({ subject: step.subject, steps: [step] });
  }
  return groups;
}
