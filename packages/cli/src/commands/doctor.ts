import { ConfigError } from '@keycloak-guard/server/config';
import { type CheckResult, runChecks } from '../doctor/check.ts';
import { checksFor } from '../doctor/checks/index.ts';
import { createContext } from '../doctor/context.ts';
import { explain } from '../doctor/explain.ts';
import { findFixable, fixFindings } from '../doctor/fix.ts';
import { type DoctorOptions, readDoctorOptions } from '../doctor/options.ts';
import { isWell, printResult, printSummary, toJson } from '../doctor/report.ts';
import { type Consent, createConsent } from '../settings/from-folder.ts';
import { UsageError } from '../settings/usage-error.ts';
import { createOutput, type Output, toShortValue } from '../terminal/output.ts';
import { createQuestions, type Questions, readLines } from '../terminal/questions.ts';
import { runAsAdmin } from './run-as-admin.ts';

export { usage } from '../doctor/options.ts';

export function run(args: string[]): Promise<number> {
  return runAsAdmin('doctor', 1, async (out) => {
    const questions =
      process.stdin.isTTY === true && process.stdout.isTTY === true ? await createQuestions(out) : undefined;
    // The JSON on standard output stays one object.
    const consent = createConsent(args.includes('--json') ? undefined : questions);
    const readToken = async () => toToken(await readLines(process.stdin));
    const options = await readDoctorOptions(args, process.env, { consent, readToken });
    if (options.explain !== undefined) return say(options.explain, options.json, out);
    return examine(await complete(options, questions), out, consent, questions);
  });
}

async function say(words: string, asJson: boolean, out: Output): Promise<number> {
  const results = explain(words === '-' ? (await readLines(process.stdin)).join('\n') : words);
  if (asJson) out.line(toJson(results).trimEnd());
  else for (const result of results) printResult(out, result);
  return isWell(results) ? 0 : 1;
}

async function examine(
  options: DoctorOptions,
  out: Output,
  consent: Consent,
  questions: Questions | undefined,
): Promise<number> {
  const confirm =
    questions === undefined || options.json
      ? undefined
      : (origin: string) =>
          questions.confirm(
            `No Keycloak is configured. Send the password of ${nameOf(options)} to ${origin}?`,
            false,
          );
  let { results, shape } = await look(options, out, confirm);
  if (options.fix) {
    const fixable = findFixable(results);
    if (fixable.length === 0) {
      if (!options.json)
        out.line(
          isWell(results) ? 'There is nothing to fix.' : 'setup can fix none of this: see the fixes above.',
        );
    } else {
      // The JSON on standard output stays one object: the plan goes to standard error.
      const plan = options.json ? createOutput(process.stderr, process.env) : out;
      plan.line(`\nsetup can fix: ${fixable.map(({ id }) => id).join(', ')}`);
      const fixOptions = await withNewPassword(options, fixable, questions);
      const code = await fixFindings(fixable, fixOptions, await shape(), plan, consent, questions);
      if (!options.json) out.line('\nLooking again:');
      ({ results } = await look(code === NOT_APPLIED ? options : fixOptions, out));
    }
  }
  if (options.json) out.line(toJson(results).trimEnd());
  return isWell(results) ? 0 : 1;
}

const NOT_APPLIED = 2;

async function withNewPassword(
  options: DoctorOptions,
  fixable: readonly CheckResult[],
  questions: Questions | undefined,
): Promise<DoctorOptions> {
  const isReset = !options.yes && fixable.some(({ setup }) => setup?.includes('--reset-password'));
  if (!isReset || questions === undefined) return options;
  return {
    ...options,
    password: await questions.secret(`New password for ${whereOf(options, options.username)}`),
  };
}

async function look(options: DoctorOptions, out: Output, confirm?: (origin: string) => Promise<boolean>) {
  const context = createContext(options, options.token, confirm);
  const results = await runChecks(checksFor(options), context, {
    start: ({ id }) => {
      if (!options.json) out.progress(id);
    },
    result: (result) => {
      if (!options.json) printResult(out, result);
    },
  });
  if (!options.json) printSummary(out, results);
  return {
    results,
    shape: async () => (context.settings instanceof ConfigError ? 'guide' : context.reach.shape()),
  };
}

function nameOf({ admin }: DoctorOptions): string {
  if (admin === undefined) return 'the admin';
  const name = 'username' in admin ? admin.username : `the client ${admin.clientId}`;
  return `${toShortValue(name)} (realm ${toShortValue(admin.realm)})`;
}

function whereOf({ serverUrl, realm }: DoctorOptions, username: string | undefined, own = realm): string {
  const at = serverUrl === undefined ? '' : `, at ${toShortValue(serverUrl)}`;
  return `${toShortValue(username ?? '')} (realm ${toShortValue(own ?? 'not set')}${at})`;
}

/** On a terminal: asks for missing passwords, and whether known ones may be sent. */
async function complete(options: DoctorOptions, questions: Questions | undefined): Promise<DoctorOptions> {
  let { password, admin } = options;
  if (options.readsPassword) password = (await readLines(process.stdin))[0];
  const asks = options.token !== undefined || options.json ? undefined : questions;
  if (options.username !== undefined && !password) {
    if (asks === undefined && !admin)
      throw new UsageError(['--user needs the password: set DOCTOR_PASSWORD, or use --user-password-stdin']);
    password = asks && (await asks.secret(`Password of ${whereOf(options, options.username)}`));
  }
  if (admin !== undefined && 'username' in admin && admin.password === '') {
    if (asks === undefined) throw new UsageError(['the admin needs a password: set KEYCLOAK_ADMIN_PASSWORD']);
    admin = {
      ...admin,
      // The address that an MCP server names is asked about when it is known.
      password: await asks.secret(
        options.mcpUrl === undefined || options.serverUrl !== undefined
          ? `Password of ${whereOf(options, admin.username, admin.realm)}`
          : `Password of ${nameOf(options)}`,
      ),
    };
  }
  return { ...options, password: password || undefined, admin };
}

/** Removes the header's scheme and quotes, which people paste along. */
function toToken(lines: readonly string[]): string {
  const text = lines
    .join('')
    .trim()
    .replace(/^(authorization:\s*)?bearer\s+/i, '');
  return text.replace(/^["']|["'],?$/g, '');
}
