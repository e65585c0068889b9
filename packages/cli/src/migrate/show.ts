import type { Output } from '../terminal/output.ts';
import { toPlainLine } from '../terminal/style.ts';
import type { Analysis } from './analyse.ts';
import { type CallersReport, toVerdictLine } from './callers.ts';
import { count } from './count.ts';
import { DIFFERENCES, type Finding } from './finding.ts';
import { type MoveState, nextSteps } from './next-steps.ts';
import { REPLACEMENTS } from './packages.ts';
import { blockedOf, differencesOf, placeOf, remarkedOf, short, toHeadline, whyUnread } from './report.ts';

/** Prints the result for people: the amount of work, its places, and the next steps. */
export function show(
  out: Output,
  analysis: Analysis,
  callers: CallersReport | undefined,
  { withUses, ...state }: MoveState & { readonly withUses: boolean },
): void {
  const { packages, findings, unread } = analysis;
  if (packages.length === 0) {
    const whole = unread.length === 0 ? 'Nothing here' : 'Nothing that could be read';
    out.line(`${whole} uses ${Object.keys(REPLACEMENTS).join(' or ')}.`);
    for (const file of unread) out.line(`✗ ${whyUnread(file)}`);
    if (callers !== undefined) showCallers(out, callers);
    return;
  }
  const title = (text: string) => out.line(`\n${out.paint('bold', text)}`);
  const list = (heading: string, mark: string, found: readonly Finding[], what: 'blocked' | 'remark') => {
    if (found.length > 0) title(heading);
    for (const one of found) {
      out.line(`${mark} ${placeOf(one)}  ${short(one.use)}\n  ${plain(one[what] ?? '')}`);
    }
  };
  out.line(toHeadline(analysis));
  if (withUses) for (const one of findings) out.line(toUse(one));
  list('To change by hand', '✗', blockedOf(findings), 'blocked');
  for (const file of unread) out.line(`✗ ${whyUnread(file)}`);
  list('To look at', '!', remarkedOf(findings), 'remark');
  const differences = differencesOf(findings);
  if (differences.length > 0) title('What will be different');
  for (const [id, places] of differences) {
    const { title: what, wayOut } = DIFFERENCES[id];
    out.line(`- ${what} (${count(places.length, 'place')}). ${plain(wayOut)}`);
  }
  if (callers !== undefined) showCallers(out, callers);
  title('Next');
  nextSteps(analysis, callers, state).forEach((step, at) => {
    out.line(`${at + 1}. ${plain(step)}`);
  });
}

function showCallers(out: Output, report: CallersReport): void {
  out.line(`\n${out.paint('bold', `Who gets tokens for ${report.clientId}`)}`);
  for (const { client, verdict, seen } of report.callers) {
    out.line(toPlainLine(`${MARKS[verdict]} ${client}: ${plain(seen)}`));
  }
  out.line(plain(toVerdictLine(report)));
}

const MARKS = { in: '✓', some: '!', out: '✗' } as const;

const plain = (text: string): string => text.replaceAll('`', '');

function toUse(one: Finding): string {
  const what = one.blocked !== null ? '  ✗' : one.native === null ? '' : `  →  ${one.native}`;
  return `${placeOf(one)}  ${short(one.use)}${what}`;
}
