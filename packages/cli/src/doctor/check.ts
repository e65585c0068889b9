import { AdminError } from '../admin/index.ts';
import { type Finding, fail, skipped } from '../keycloak/finding.ts';
import type { DoctorContext } from './context.ts';
import type { AdminEvidence } from './evidence/admin.ts';
import type { LoginEvidence } from './evidence/client.ts';

export {
  type Advice,
  type Finding,
  fail,
  failOn,
  ok,
  type Say,
  type Status,
  skipped,
  warn,
} from '../keycloak/finding.ts';

export interface Check {
  readonly id: string;
  /** Checks that this one depends on: if one of them failed or was skipped, this one is skipped. */
  readonly needs: readonly string[];
  run(context: DoctorContext): Promise<Finding> | Finding;
}

export function check(id: string, needs: readonly string[], run: Check['run']): Check {
  return { id, needs, run };
}

export type Look<Evidence> = (evidence: Evidence, context: DoctorContext) => ReturnType<Check['run']>;

interface Source<Evidence> {
  find(context: DoctorContext): Evidence | null | undefined | Promise<Evidence | null | undefined>;
  readonly otherwise: string;
}

export function checkOf<Evidence>(
  { find, otherwise }: Source<Evidence>,
  id: string,
  needs: readonly string[],
  look: Look<Evidence>,
): Check {
  return check(id, needs, async (context) => {
    const evidence = (await find(context)) ?? undefined;
    return evidence === undefined ? skipped(otherwise) : look(evidence, context);
  });
}

export const NO_ADMIN = 'no admin (set KEYCLOAK_ADMIN_USER and KEYCLOAK_ADMIN_PASSWORD)';

/** A check of what only an admin sees, after the check `after`. */
export const adminCheck = (id: string, after: string, look: Look<AdminEvidence>): Check =>
  checkOf({ find: ({ reach }) => reach.admin, otherwise: NO_ADMIN }, id, ['admin.login', after], look);

export const loginCheck = (id: string, needs: readonly string[], look: Look<LoginEvidence>): Check =>
  checkOf({ find: ({ reach }) => reach.login, otherwise: 'no login' }, id, needs, look);

export interface CheckResult extends Finding {
  readonly id: string;
}

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
