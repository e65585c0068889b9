import { AdminError } from '../admin/index.ts';
import { type Check, type CheckResult, type Finding, fail, skipped } from './check.ts';
import type { DoctorContext } from './context.ts';

/** Runs the checks in order, and reports each result as it comes. */
export async function runChecks(
  checks: readonly Check[],
  context: DoctorContext,
  on: { start?(check: Check): void; result?(result: CheckResult): void } = {},
): Promise<CheckResult[]> {
  const results = new Map<string, CheckResult>();
  try {
    for (const check of checks) {
      on.start?.(check);
      const result = { id: check.id, ...(await runCheck(check, context, results)) };
      results.set(check.id, result);
      on.result?.(result);
    }
  } finally {
    await context.close();
  }
  return [...results.values()];
}

async function runCheck(
  check: Check,
  context: DoctorContext,
  results: ReadonlyMap<string, CheckResult>,
): Promise<Finding> {
  const missing = check.needs.filter((id) => !['ok', 'warn'].includes(results.get(id)?.status ?? 'skipped'));
  if (missing.length > 0) return skipped(`needs ${missing.join(', ')}`);
  try {
    return await check.run(context);
  } catch (error) {
    if (error instanceof AdminError && error.kind === 'forbidden') {
      return skipped(`this admin may not look (${error.message})`);
    }
    if (error instanceof AdminError && check.id !== 'admin.rights') {
      return skipped(`the admin could not look (${error.message})`);
    }
    // The raw error: a check that throws has met something unforeseen.
    const text = error instanceof Error ? error.message : String(error);
    return fail(text, `the check could not be done: ${text}`, 'Please report this with the line above.');
  }
}
