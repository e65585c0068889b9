import type { Blocked, Change, Plan } from '../admin/index.ts';
import type { Output } from '../terminal/output.ts';
import { toPlainLine } from '../terminal/style.ts';
import type { EnvChange } from './env-file.ts';

/** Prints a plan: what is created (+), changed (~), kept (=) and left to a person (!). Secrets are never shown. */
export function showPlan(
  out: Output,
  plan: Plan<unknown>,
  env: { file: string | undefined; changes: readonly EnvChange[] },
): void {
  showSteps(out, plan, () => showEnv(out, env));
}

/** What is shown of a plan. */
export interface ShownPlan {
  readonly steps: readonly ShownStep[];
  readonly kept: readonly string[];
  readonly blocked: readonly Blocked[];
}

/** What is shown of a step. */
interface ShownStep {
  readonly kind: 'create' | 'change' | 'delete';
  readonly subject: string;
  readonly changes: readonly Change[];
}

/** Prints the steps (+, ~, -), then what `afterSteps` prints, then what is kept and what is left to a person. */
export function showSteps(out: Output, plan: ShownPlan, afterSteps?: () => void): void {
  const { paint } = out;
  for (const { subject, steps } of bySubject(plan.steps)) {
    const kind = steps[0]?.kind ?? 'change';
    const isNew = kind === 'create';
    const [format, sign] = SIGNS[kind];
    out.line(paint(format, `  ${sign} ${kind} ${toPlainLine(subject)}`));
    for (const { field, from, to } of steps.flatMap((step) => step.changes)) {
      out.line(
        `      ${field}: ${toPlainLine(isNew || (from === '' && to.startsWith('+')) ? to : `${from || '(none)'} → ${to}`)}`,
      );
    }
  }
  afterSteps?.();
  for (const subject of plan.kept) out.line(paint('dim', `  = keep ${toPlainLine(subject)}`));
  for (const { subject, why, fix } of plan.blocked) {
    out.line(paint('red', `  ! ${toPlainLine(subject)}: ${toPlainLine(why)}`));
    out.line(`      by hand: ${toPlainLine(fix)}`);
  }
}

const SIGNS = { create: ['green', '+'], change: ['yellow', '~'], delete: ['red', '-'] } as const;

function showEnv(
  { paint, line }: Output,
  env: { file: string | undefined; changes: readonly EnvChange[] },
): void {
  if (env.file !== undefined && env.changes.length > 0) {
    const isNew = env.changes.every(({ from }) => from === undefined);
    line(isNew ? paint('green', `  + write ${env.file}`) : paint('yellow', `  ~ change ${env.file}`));
    for (const change of env.changes) line(`      ${envLine(change)}`);
  }
}

/** One line about a setting; a secret is named but not shown. */
export function envLine({ name, from, to }: EnvChange): string {
  const isSecret = /SECRET|PASSWORD/.test(name);
  const shown = (value: string) => (isSecret ? '(hidden)' : value);
  if (from === undefined) return `${name}: ${isSecret ? '(hidden)' : to}`;
  return `${name}: ${shown(from)} → ${shown(to)}${isSecret ? ' (another one)' : ''}`;
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
