import type { CheckResult } from '../check.ts';

/** The report as a JSON object, for scripts. */
export function toJson(results: readonly CheckResult[]): string {
  const checks = results.map(({ id, status, seen, cause, fix }) => ({ id, status, seen, cause, fix }));
  return `${JSON.stringify({ ok: isWell(results), checks }, null, 2)}\n`;
}

/** Whether nothing failed. Warnings do not count. */
export function isWell(results: readonly CheckResult[]): boolean {
  return results.every(({ status }) => status !== 'fail');
}
