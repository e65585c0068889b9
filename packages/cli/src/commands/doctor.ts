import { ConfigError } from '@keycloak-guard/server/config';
import { type Check, type CheckResult, runChecks } from '../doctor/check.ts';
import { checksFor } from '../doctor/checks/index.ts';
import { createContext } from '../doctor/context.ts';
import { explain } from '../doctor/explain.ts';
import { findFixable, fixFindings } from '../doctor/fix.ts';
import { type DoctorOptions, readDoctorOptions } from '../doctor/options.ts';
import { isWell, printResult, printSummary, toJson } from '../doctor/report.ts';
import { type Consent, createConsent } from '../settings/from-folder.ts';
import { UsageError } from '../settings/usage-error.ts';
import { type Output, toShortValue } from '../terminal/output.ts';
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
  const { results, shape } = await look(options, out);
  const fixable = options.fix ? findFixable(results) : [];
  if (fixable.length === 0) {
    const none = isWell(results)
      ? 'There is nothing to fix.'
      : 'setup can fix none of this: see the fixes above.';
    if (options.fix) out.line(none);
    return isWell(results) ? 0 : 1;
  }
  out.line(`\nsetup can fix: ${fixable.map(({ id }) => id).join(', ')}`);
  // Nothing was changed.
  if ((await fixFindings(fixable, options, await shape(), out, consent, questions)) === 2) return 1;
  out.line('\nLooking again:');
  return isWell((await look(options, out)).results) ? 0 : 1;
}

async function look(options: DoctorOptions, out: Output) {
  const context = createContext(options);
  const on = options.json
    ? {}
    : {
        start: ({ id }: Check) => out.progress(id),
        result: (result: CheckResult) => printResult(out, result),
      };
  const results = await runChecks(checksFor(options), context, on);
  if (options.json) out.line(toJson(results).trimEnd());
  else printSummary(out, results);
  return {
    results,
    shape: async () => (context.settings instanceof ConfigError ? 'guide' : context.reach.shape()),
  };
}

function whereOf({ serverUrl, realm }: DoctorOptions, username: string | undefined, own = realm): string {
  const at = serverUrl === undefined ? '' : `, at ${toShortValue(serverUrl)}`;
  return `${toShortValue(username ?? '')} (realm ${toShortValue(own ?? 'not set')}${at})`;
}

/** On a terminal: asks for missing passwords. */
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
      password: await asks.secret(`Password of ${whereOf(options, admin.username, admin.realm)}`),
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
