import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  ACCESS,
  ACCESS_HELP,
  createNeed,
  enter,
  openWords,
  problemsOfAccess,
  readAccess,
} from '../access/access.ts';
import { applyAuthz } from '../admin/authz/apply.ts';
import { findUnknown } from '../admin/authz/checks.ts';
import { readAuthz } from '../admin/authz/current.ts';
import { toFile } from '../admin/authz/model.ts';
import { planAuthz } from '../admin/authz/plan.ts';
import { type Answer, askWhy, type Reason } from '../admin/authz/why.ts';
import { type AdminConnection, connectAdmin } from '../admin/connection.ts';
import { findAuthzJson, loadAuthz } from '../authz/file.ts';
import { runPlan, toPart } from '../plan/run-plan.ts';
import { type Consent, createConsent, FromFolder } from '../settings/from-folder.ts';
import { didYouMean, table, toHelp } from '../settings/options.ts';
import { assertOfFolder, nameWithTarget, writePrivateFile } from '../settings/private-file.ts';
import { readOptions } from '../settings/read-options.ts';
import { UsageError } from '../settings/usage-error.ts';
import { toQuestions } from '../setup/visit.ts';
import { type Output, toMark, toPlainJson, toPlainLine } from '../terminal/output.ts';
import { type Questions, readLines } from '../terminal/questions.ts';
import { runAsAdmin } from './run-as-admin.ts';

const ACTIONS = ['plan', 'apply', 'export', 'why'] as const;
type AuthzAction = (typeof ACTIONS)[number];

type AuthzOptions = Awaited<ReturnType<typeof readAuthzOptions>>;

const OWN = table(`
--file <file> | | the file (default authz.json). A program such as authz.ts is run to be read, and its default export taken, so it has to be named; export writes JSON, or to standard output with -
--prune | | plan, apply: delete what is not in the file
--yes | | apply without asking; export: replace the file
--user <name> | | why: whose permission
--client-id <id> | KEYCLOAK_CLIENT_ID | client (%s; default fastapi-keycloak)
`);

export const usage = `keycloak-guard authz: Keycloak's authorization services as a file

Compares resources, scopes, policies and permissions of a client with authz.json (or authz.ts), and says why
somebody may do something, or may not.

Usage: keycloak-guard authz plan                        what the file would change
       keycloak-guard authz apply                       print the plan, ask, and change it
       keycloak-guard authz export                      write Keycloak's settings to the file
       keycloak-guard authz why --user <name> orders#view Keycloak's decision, policy by policy

${toHelp(OWN)}

${ACCESS_HELP}

Exit code: 0 done (plan: nothing to change; why: granted)
           1 something left to do (plan: there are changes; why: denied)
           2 trouble: wrong usage or file, no answer, not applied
`;

export function run(args: string[]): Promise<number> {
  return runAsAdmin('authz', 2, async (out, err) => {
    const questions = process.stdout.isTTY === true ? await toQuestions(args, out) : undefined;
    const options = await readAuthzOptions(args, process.env, createConsent(questions));
    const { access } = options;
    const [secret] = access.readsPassword ? await readLines(process.stdin) : [];
    const need = createNeed(questions);
    // A file on standard output stays a file.
    const entry = await enter(access, secret, need, options.file === '-' ? err : out);
    need.assertAll();
    out.progress('logging in as admin');
    const { api } = await connectAdmin(entry);
    if (options.action === 'why') return showWhy(api, options, out);
    return options.action === 'export'
      ? exportAuthz(api, options, out, err, questions)
      : sync(api, options, out, questions);
  });
}

/** @throws {UsageError} naming every mistake */
export async function readAuthzOptions(
  args: string[],
  environment: NodeJS.ProcessEnv,
  consent: Consent = createConsent(undefined),
) {
  const help = 'authz --help names all options';
  const reading = await readOptions(args, { ...ACCESS, ...OWN }, environment, { help });
  const { flags, positionals } = reading;
  const [action, ...rest] = positionals;
  if (!ACTIONS.includes(action as AuthzAction))
    throw new UsageError([
      ...(action === undefined ? [] : [`there is no authz '${action}'${didYouMean(action, ACTIONS)}`]),
      `an action is missing: keycloak-guard authz ${ACTIONS.join(' | ')}`,
    ]);
  const problems: string[] = [];
  const isWhy = action === 'why';
  if (rest.length > (isWhy ? 1 : 0)) problems.push(`unknown argument '${rest[isWhy ? 1 : 0]}'`);
  if (isWhy && flags.user === undefined) problems.push('why needs --user <name>');
  if (isWhy && (rest[0] ?? '') === '') problems.push('why needs a permission, for example orders#view');
  if (isWhy && (rest[0] ?? '').split('#').length > 2)
    problems.push('a permission is resource#scope, with one #');
  if (!isWhy && flags.user !== undefined) problems.push('--user is for why');
  if (action === 'export' && /\.[mc]?[jt]s$/.test(flags.file ?? ''))
    problems.push('export writes JSON: give --file a name that ends in .json');
  if (flags.prune && action !== 'plan' && action !== 'apply') problems.push('--prune is for plan and apply');
  const accessWords = readAccess(reading);
  problems.push(...problemsOfAccess(accessWords));
  if (problems.length > 0) throw new UsageError(problems);
  const defaultFile = action === 'export' || flags.file !== undefined ? undefined : findAuthzJson('.');
  if (action === 'export' && flags.file === undefined) assertOfFolder('authz.json', '--file');
  const file =
    flags.file ??
    (defaultFile === undefined ? 'authz.json' : new FromFolder('authz.json', defaultFile, defaultFile));
  const clientId = reading.word('client-id') ?? 'fastapi-keycloak';
  const yes = flags.yes ?? false;
  const isApply = action === 'apply';
  const { access, words, judged } = await openWords(
    consent,
    accessWords,
    { clientId, file },
    {
      planned: isApply ? [clientId, file] : undefined,
      yes: isApply && yes,
    },
  );
  return {
    ...words,
    action: action as AuthzAction,
    prune: flags.prune ?? false,
    yes: isApply ? judged.yes : yes,
    /** Values from a file that the person did not name. */
    chosen: judged.chosen,
    username: flags.user ?? '',
    /** For `why`: `orders#view`, or `orders`. */
    permission: rest[0] ?? '',
    realm: access.realm ?? 'testing',
    access,
  };
}

/** Shows the changes of the file; `apply` then asks, and makes them. Resolves to the exit code. */
async function sync(
  api: AdminConnection['api'],
  { file, prune, action, yes, chosen, realm, clientId }: AuthzOptions,
  out: Output,
  questions: Questions | undefined,
): Promise<number> {
  const target = await loadAuthz(file);
  out.progress('reading the current state');
  const state = await readAuthz(api, realm, clientId);
  const plan = planAuthz(target, state, prune);
  // Reports everything that is wrong before anything is written.
  const refused = [...plan.refused, ...(await findUnknown(api, realm, plan))];
  if (refused.length > 0) throw new UsageError([...refused, 'nothing was changed']);
  const title = `Client ${clientId} of the realm ${realm}, as in ${file}`;
  const part = toPart(title, plan, () => applyAuthz(api, plan.steps, target, state));
  const run = { dryRun: action === 'plan', yes, chosen };
  const { what, code } = await runPlan([part], run, out, questions);
  return what === 'shown' ? 1 : code;
}

async function exportAuthz(
  api: AdminConnection['api'],
  { file, yes, realm, clientId }: AuthzOptions,
  out: Output,
  err: Output,
  questions: Questions | undefined,
): Promise<number> {
  const { model, foreign, isOn } = await readAuthz(api, realm, clientId);
  if (!isOn) throw new UsageError([`the client '${clientId}' has no authorization services yet`]);
  const text = `${toPlainJson(JSON.stringify(toFile(model), null, 2))}\n`;
  for (const [name, type] of foreign)
    err.line(
      `! ${toPlainLine(JSON.stringify(name))} (${type}) is not in it: a file cannot hold it, and apply leaves it alone`,
    );
  if (file === '-') {
    process.stdout.write(text);
    return 0;
  }
  const fileWithTarget = await nameWithTarget(file);
  if (existsSync(file)) {
    if ((await readFile(file, 'utf8')) === text) {
      out.line(`${file} is as Keycloak is: nothing to write.`);
      return 0;
    }
    if (!yes && !(await questions?.confirm(`Replace ${fileWithTarget}?`, false)))
      throw new UsageError([`${fileWithTarget} is there already: give --yes to replace it`]);
  }
  await writePrivateFile(file, text);
  out.line(`  ${out.paint('green', '✓')} wrote ${fileWithTarget}`);
  return 0;
}

async function showWhy(
  api: AdminConnection['api'],
  { username, permission, realm, clientId }: AuthzOptions,
  out: Output,
): Promise<number> {
  const [resource = '', scope] = permission.split('#');
  out.progress('asking Keycloak');
  const state = await readAuthz(api, realm, clientId);
  const answer = await askWhy(api, state, username, { resource, scope: scope || undefined });
  const isGranted = answer.isGranted;
  const verdict = isGranted ? out.paint('green', 'is granted') : out.paint('red', 'is denied');
  out.line(
    `${toMark(out, isGranted)} ${out.paint('bold', toPlainLine(`${username}: ${permission}`))} ${verdict}`,
  );
  out.line(out.paint('dim', `  ${explain(answer)}`));
  showTree(out, answer.reasons, '  ');
  const lacks = [...new Set(answer.reasons.filter(({ isPermit }) => !isPermit).flatMap(lacksOf))];
  if (!isGranted && lacks.length > 0)
    out.line(`${toPlainLine(username)} is not, or lacks: ${toPlainLine(lacks.join('; '))}`);
  return isGranted ? 0 : 1;
}

function explain({ mode, strategy, reasons }: Answer): string {
  if (mode === 'DISABLED') return 'The policy enforcement is DISABLED: everything is granted to everybody.';
  if (reasons.length === 0)
    return mode === 'PERMISSIVE'
      ? 'No permission covers it, and the policy enforcement is PERMISSIVE: it is granted to everybody.'
      : 'No permission covers it, so it is denied.';
  if (reasons.length === 1) return 'One permission covers it:';
  return `${reasons.length} permissions cover it; ${strategy === 'AFFIRMATIVE' ? 'one of them has' : 'all of them have'} to permit (${strategy}):`;
}

function showTree(out: Output, reasons: readonly Reason[], indent: string): void {
  for (const [index, reason] of reasons.entries()) {
    const isLast = index === reasons.length - 1;
    const { isPermit, what, name, findings, parts } = reason;
    const seen = findings.map(({ text, has }) => {
      const words = toPlainLine(text);
      return has === false ? out.paint('red', `${words}: no`) : has ? `${words}: yes` : words;
    });
    const rest = seen.length > 0 ? out.paint('dim', ' · ') + seen.join(', ') : '';
    out.line(
      `${indent}${isLast ? '└' : '├'} ${toMark(out, isPermit)} ${what} ${toPlainLine(JSON.stringify(name))}${rest}`,
    );
    showTree(out, parts, `${indent}${isLast ? ' ' : '│'} `);
  }
}

function lacksOf({ isPermit, isNegative, findings, parts }: Reason): string[] {
  // A negative policy denies because of something that the user has.
  if (isPermit === true || isNegative) return [];
  return [...findings.flatMap(({ has, text }) => (has === false ? [text] : [])), ...parts.flatMap(lacksOf)];
}
