import { readChallenges } from 'keycloak-guard/unstable';
import { AdminError } from '../admin/admin-error.ts';
import { type Answer, toWords } from '../keycloak/call.ts';
import {
  diagnose,
  type Finding,
  fail,
  judgeStranger,
  ok,
  skipped,
  toTokenAnswer,
} from '../keycloak/finding.ts';
import { toShellWord } from '../terminal/output.ts';
import type { DoctorContext, Reach } from './context.ts';
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

export const NO_EVENTS = 'KEYCLOAK_EVENTS is not on';

/** A check of what only an admin sees, after the check `after`. */
export const adminCheck = (id: string, after: string, look: Look<AdminEvidence>): Check =>
  checkOf({ find: ({ reach }) => reach.admin, otherwise: NO_ADMIN }, id, ['admin.login', after], look);

export const loginCheck = (id: string, needs: readonly string[], look: Look<LoginEvidence>): Check =>
  checkOf({ find: ({ reach }) => reach.login, otherwise: 'no login' }, id, needs, look);

/** What one answer of Keycloak says, if it is a refusal for this reason. */
export interface Rule<Of> {
  readonly id: string;
  /** What is so, where no rule explains the answer. */
  readonly good: string;
  judge(answer: Of, context: DoctorContext): Finding | undefined | Promise<Finding | undefined>;
}

/**
 * Checks of one answer. Keycloak names one reason and looks no further, so a refusal proves nothing about the others: they are skipped.
 *
 * @param rules the last one explains every other refusal
 * @param instead why the checks are not for this client
 */
export function checksOfAnswer<Of>(
  rules: readonly Rule<Of>[],
  needs: readonly string[],
  read: (reach: Reach) => Promise<Of>,
  instead: (reach: Reach) => Promise<Finding | undefined> = async () => undefined,
): Check[] {
  return rules.map(({ id, good }) =>
    check(id, needs, async (context) => {
      const other = await instead(context.reach);
      if (other !== undefined) return other;
      const answer = await read(context.reach);
      for (const rule of rules) {
        const finding = await rule.judge(answer, context);
        if (finding !== undefined) return rule.id === id ? finding : skipped(`needs ${rule.id}`);
      }
      return ok(good);
    }),
  );
}

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
    if (error instanceof AdminError && error.kind === 'forbidden')
      return skipped(`this admin may not look (${error.message})`);
    if (error instanceof AdminError && check.id !== 'admin.rights')
      return skipped(`the admin could not look (${error.message})`);
    // The raw error: a check that throws has met something unforeseen.
    const text = error instanceof Error ? error.message : String(error);
    return fail(text, 'the check could not be done', 'Please report this with the line above.');
  }
}

// Commands to copy into a shell. Names of realms and clients can come from a cloned repository, so they are quoted.

interface Where {
  readonly caller: { readonly realm: string; readonly clientId: string };
}

export const kcadmRealm = (realm: string, setting: string): string =>
  `kcadm.sh update ${toShellWord(`realms/${realm}`)} -s ${setting}`;

/** For settings of the client, which needs its UUID. */
export function kcadm({ caller }: Where, ...settings: readonly string[]): string {
  const flags = settings.map((one) => `-s '${one.replaceAll("'", "'\\''")}'`).join(' ');
  const [realmWord, queryWord] = [caller.realm, `clientId=${caller.clientId}`].map(toShellWord);
  const id = `$(kcadm.sh get clients -r ${realmWord} -q ${queryWord} --fields id --format csv --noquotes)`;
  return `kcadm.sh update clients/${id} -r ${realmWord} ${flags}`;
}

/**
 * Why an endpoint refuses: only `error` and `error_description`, of the body or the challenge. The rest of an answer has names
 * that people chose, which could be mistaken for a reason.
 */
export function reasonOf({ json, headers }: Answer): string {
  const { error, error_description: description } = json ?? {};
  if (typeof error === 'string') return typeof description === 'string' ? `${error}: ${description}` : error;
  return readChallenges(headers.get('www-authenticate') ?? '')
    .flatMap(({ error, description }) => [error, description])
    .filter((text) => text !== undefined)
    .join(' ');
}

/** Whether userinfo says that the request had no token: its challenge has no error code (RFC 6750 §3). */
export function lacksToken({ status, headers }: Answer): boolean {
  const [first, ...others] = readChallenges(headers.get('www-authenticate') ?? '');
  const isBare = first?.error === undefined && first?.description === undefined;
  return status === 401 && first?.scheme === 'bearer' && isBare && others.length === 0;
}

/** Whether a header was too long: Keycloak's server answers 431, many proxies answer 400 without JSON. */
export function isTooLong({ status, json, text }: Answer): boolean {
  if (status === 431) return true;
  return status === 400 && json === undefined && /too (large|long|big)|header/i.test(text);
}

export const onPage = ({ caller }: Reach, where: string): string => `Clients > ${caller.clientId} > ${where}`;

export const addAudience = (client: unknown, audience: string, to = 'access token'): string =>
  `Clients > ${client} > Client scopes > ${client}-dedicated > Add mapper > By configuration > Audience: Included Client Audience = ${audience}, Add to ${to} ON`;

const NOBODY =
  'nobody can log in at this client, as is right for an API that only checks tokens: callers log in at a client of their own, and --token - examines a token of theirs';

/** Why a check of browser logins is not for this client. */
export async function noBrowserLogin({ shape }: Reach): Promise<Finding | undefined> {
  return (await shape()) === 'api' ? skipped(NOBODY) : undefined;
}

/** Why a check of `POST /login` is not for this client. */
export async function noPasswordLogin({ shape }: Reach): Promise<Finding | undefined> {
  const is = await shape();
  if (is === 'guide') return undefined;
  return skipped(
    is === 'api'
      ? NOBODY
      : 'this client takes no passwords, as is right for an application that logs people in with the browser',
  );
}

export const refusalOf = (answer: Answer): string =>
  `${answer.json?.error ?? ''}: ${answer.json?.error_description ?? ''}`;

/** Whether Keycloak only refused the user, so that everything checked before is in order. */
export const isAboutUser = (answer: Answer): boolean =>
  /^invalid_grant: Invalid user credentials/i.test(refusalOf(answer));

export function diagnosed(reach: Reach, answer: Answer): Finding {
  const stranger = judgeStranger(answer);
  if (stranger !== undefined) return stranger;
  const { cause, fix } = diagnose(toTokenAnswer(answer, reach.caller));
  return fail(toWords(answer), cause, fix);
}
