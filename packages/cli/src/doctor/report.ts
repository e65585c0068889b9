import { type Output, toPlainLine, toPlainText } from '../terminal/output.ts';
import type { CheckResult, Status } from './check.ts';

const MARKS: Readonly<Record<Status, { mark: string; format: 'green' | 'yellow' | 'red' | 'dim' }>> = {
  ok: { mark: '✓', format: 'green' },
  warn: { mark: '!', format: 'yellow' },
  fail: { mark: '✗', format: 'red' },
  skipped: { mark: '-', format: 'dim' },
};

const MOST_NAMES = 5;
/** A server that is looked at may answer with a megabyte, and fill the screen with lines that look like ours. */
const LONGEST = 2_000;

const shorten = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/** Prints a line for a check, with cause and fix unless all is well. The summary reports skipped checks. */
export function printResult(out: Output, { id, status, seen, cause, fix }: CheckResult): void {
  if (status === 'skipped') return;
  const { mark, format } = MARKS[status];
  out.line(`${out.paint(format, mark)} ${id.padEnd(26)} ${shorten(toPlainLine(seen))}`);
  if (cause !== '') out.line(`    cause: ${shorten(toPlainLine(cause))}`);
  if (fix !== '') out.line(`    fix:   ${shorten(toPlainText(fix)).replace(/\n/g, '\n           ')}`);
}

export function printSummary(out: Output, results: readonly CheckResult[]): void {
  const count = (status: Status) => results.filter((one) => one.status === status).length;
  const why = new Map<string, string[]>();
  for (const result of results) {
    if (result.status !== 'skipped') continue;
    const reason = findReason(result, results);
    why.set(reason, [...(why.get(reason) ?? []), result.id]);
  }
  if (why.size > 0) out.line();
  for (const [reason, ids] of why)
    out.line(out.paint('dim', `- ${shorten(toPlainLine(sayWhy(reason, ids)))}`));
  out.line();
  const [failed, warned] = [count('fail'), count('warn')];
  const verdict =
    failed === 0
      ? out.paint('green', 'No problems')
      : out.paint('red', failed === 1 ? '1 problem' : `${failed} problems`);
  const warnings = warned === 0 ? '' : `, ${warned === 1 ? '1 warning' : `${warned} warnings`}`;
  out.line(`${verdict}${warnings}, ${count('ok')} checks passed, ${count('skipped')} skipped.`);
}

/** Names a few skipped checks only: a long list would hide the problems. */
function sayWhy(reason: string, ids: readonly string[]): string {
  if (ids.length <= MOST_NAMES) return `skipped: ${ids.join(', ')} (${reason})`;
  const needed = /^needs (.*)$/.exec(reason)?.[1];
  return needed === undefined
    ? `${ids.length} checks skipped: ${reason}`
    : `${ids.length} checks skipped: they need ${needed}`;
}

function findReason(result: CheckResult, results: readonly CheckResult[]): string {
  const needed = /^needs (.*)$/.exec(result.seen)?.[1]?.split(', ') ?? [];
  const cause = results.find(({ id, status }) => needed.includes(id) && status === 'skipped');
  return cause === undefined ? result.seen : findReason(cause, results);
}

export function toJson(results: readonly CheckResult[]): string {
  const checks = results.map(({ id, status, seen, cause, fix }) => ({ id, status, seen, cause, fix }));
  return `${JSON.stringify({ ok: isWell(results), checks }, null, 2)}\n`;
}

/** Whether nothing failed. Warnings do not count. */
export function isWell(results: readonly CheckResult[]): boolean {
  return results.every(({ status }) => status !== 'fail');
}
