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
import { createOutput, type Output } from '../terminal/output.ts';
import { createQuestions, type Questions, readLines } from '../terminal/questions.ts';
import { toShortValue } from '../terminal/style.ts';
import { runAsAdmin } from './run-as-admin.ts';

export const usage = `keycloak-guard doctor: find out what is wrong between this service and Keycloak

Reads the settings of the service, tries each step, and names cause and fix of each problem. It changes nothing, and locks
no user.

Usage: keycloak-guard doctor [options]

  --user <name>             try a whole login with this user (DOCTOR_USER, password in DOCTOR_PASSWORD)
  --user-password-stdin     read the user's password from standard input
  --app <url>               address of your application as browsers see it (default PUBLIC_URL, or http://localhost:PORT)
  --running [<url>]         check the running application, too: at --app, or at the address that this machine has for it
  --acr <value>             a level that guards require (can be repeated): can a sign-in reach it? (needs an admin)
  --authz [<file>]          compare a file with Keycloak's permissions: authz.json, or a keycloak.json with a
                            policy-enforcer; can be repeated (default authz.json beside .env; needs an admin)
  --mcp <url>               check an MCP server instead: why its clients cannot sign in (more with an admin)
  --token -                 read a token from standard input: what it contains, and whether this service accepts it

  --route <url>             call a route of your own API with a good token (--token -, or --user), a forged one and none,
                            and say what its answers mean; with --origin also as a page of that origin
  --spa <client>            check the client of a single-page app: redirect URIs, web origins, PKCE, audience
  --origin <url>            address of that page, or of one that calls --route. If its sign-in does not come back to
                            /callback, the whole address to which it does
  --needs <kind>=<name>     why a token lacks a role, role=CLIENT:NAME, group, organization or scope (can be repeated)
  --upgrade <version>       what an upgrade of this Keycloak to that version breaks (needs an admin)
  --tenant <name>           one tenant: an organization of the realm, or a realm of its own (needs an admin)
  --explain [<line>]        say what a line, a URL or an error means: of any library, a proxy, a browser or Keycloak's log
                            (without a line it is read from standard input). Nothing is called

  --admin-user <name>       check what only an admin sees (KEYCLOAK_ADMIN_USER, KEYCLOAK_ADMIN_PASSWORD)
  --admin-realm <name>      realm of the admin (KEYCLOAK_ADMIN_REALM; default master)
  --admin-totp <code>       one-time code, if the admin needs one
  --admin-client-id <id>    service account instead of a person (KEYCLOAK_ADMIN_CLIENT_ID, KEYCLOAK_ADMIN_CLIENT_SECRET)

  --fix                     offer setup's plan for the problems that it can fix
  -y, --yes                 with --fix: apply it without asking, but turn nothing on that is off
  --enable                  with --fix: turn that on, too (realm, client, user, login flows)
  --env <file>              file with the settings (default .env)
  --json                    one JSON object instead of lines

Exit code: 0 no problems, warnings at most; 1 problems; 2 wrong usage.
`;

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
  const asks = options.readsToken || options.json ? undefined : questions;
  if (options.username !== undefined && !password) {
    if (asks === undefined && !admin) {
      throw new UsageError(['--user needs the password: set DOCTOR_PASSWORD, or use --user-password-stdin']);
    }
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
