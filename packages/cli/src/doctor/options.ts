import { dirname } from 'node:path';
import { withoutEndSlashes } from 'keycloak-guard/unstable';
import {
  type Access,
  ADMIN,
  credentialSendings,
  isHttpUrl,
  openWords,
  readAccess,
} from '../access/access.ts';
import type { AdminCredentials } from '../admin/connection.ts';
import { findAuthzJson } from '../authz/file.ts';
import { DEV_USER, findProvidersWithout } from '../dev/running-provider.ts';
import { APP_URL_RULE, appUrlOf, isAppUrl, networkZoneOf, toAppUrl } from '../settings/address.ts';
import { type Consent, createConsent, type Sending } from '../settings/from-folder.ts';
import { type Flags, table, toHelp } from '../settings/options.ts';
import { readOptions } from '../settings/read-options.ts';
import { UsageError } from '../settings/usage-error.ts';
import { decodeJwt } from './evidence/token.ts';

export type DoctorOptions = Awaited<ReturnType<typeof readDoctorOptions>>;

/** Settings: the ones that the service has. */
const SERVICE = table(`
--user <name> | DOCTOR_USER | try a whole login with this user (%s, password in DOCTOR_PASSWORD)
--user-password-stdin | DOCTOR_PASSWORD | read the user's password from standard input
--app <url> | | address of your application as browsers see it (default PUBLIC_URL, or http://localhost:PORT)
--running [<url>] | | check the running application, too: at --app, or at the address that this machine has for it
--acr <value>… | | a level that guards require (can be repeated): can a sign-in reach it? (needs an admin)
--authz [<file>]… | | compare a file with Keycloak's permissions; can be repeated (default authz.json beside .env; needs an admin)
--mcp <url> | | check an MCP server instead: why its clients cannot sign in (more with an admin)
--token - | | read a token from standard input: what it contains, and whether this service accepts it
`);

const OTHERS = table(`
--route <url> | | call a route of your own API with a good token (--token -, or --user), a forged one and none, and say what its answers mean; with --origin also as a page of that origin
--spa <client> | | check the client of a single-page app: redirect URIs, web origins, PKCE, audience
--origin <url> | | address of that page, or of one that calls --route. If its sign-in does not come back to /callback, the whole address to which it does
--needs <kind>=<name>… | | why a token lacks a role, role=CLIENT:NAME, group, organization or scope (can be repeated)
--upgrade <version> | | what an upgrade of this Keycloak to that version breaks (needs an admin)
--tenant <name> | | one tenant: an organization of the realm, or a realm of its own (needs an admin)
--explain [<line>] | | say what a line, a URL or an error means: of any library, a proxy, a browser or Keycloak's log (without a line it is read from standard input). Nothing is called
`);

const RUNNING = table(`
--fix | | offer setup's plan for the problems that it can fix
--yes | | with --fix: apply it without asking, but turn nothing on that is off
--enable | | with --fix: turn that on, too (realm, client, user, login flows)
--env <file> | | file with the settings (default .env)
--json | | one JSON object instead of lines
`);

const OPTIONS = { ...SERVICE, ...OTHERS, ...ADMIN, ...RUNNING };

const ADMIN_HEADING =
  'To check what only an admin sees (KEYCLOAK_ADMIN_PASSWORD, KEYCLOAK_ADMIN_CLIENT_SECRET)';

export const usage = `keycloak-guard doctor: find out what is wrong between this service and Keycloak

Reads the settings of the service, tries each step, and names cause and fix of each problem. It changes nothing, and locks
no user.

Without settings, while "keycloak-guard dev" runs with the realm of the package: that provider, with the user abdullah.

Usage: keycloak-guard doctor [options]

${toHelp(SERVICE)}

${toHelp(OTHERS)}

${toHelp(ADMIN, ADMIN_HEADING)}

${toHelp(RUNNING, 'Running')}

Exit code: 0 no problems, warnings at most; 1 problems; 2 wrong usage.
`;

interface Start {
  readonly consent?: Consent;
  readonly readToken?: () => Promise<string>;
}

/** @throws {UsageError} naming every mistake */
export async function readDoctorOptions(
  args: string[],
  environment: NodeJS.ProcessEnv,
  { consent = createConsent(undefined), readToken = async () => '' }: Start = {},
) {
  const help = 'doctor --help names all options';
  const reading = await readOptions(args, OPTIONS, environment, { consent, help, allowPositionals: false });
  const { flags, settings, isEnvNamed, word } = reading;
  const envFile = reading.envFile as string;
  const accessWords = readAccess(reading);
  const all = {
    clientId: settings('KEYCLOAK_CLIENT_ID'),
    username: word('user'),
    password: settings('DOCTOR_PASSWORD'),
    publicUrl: settings('PUBLIC_URL'),
    port: settings('PORT'),
  };
  const hasAdmin = (accessWords.clientId ?? accessWords.username) !== undefined;
  const problems = problemsOf(flags, hasAdmin);
  if (accessWords.clientId !== undefined && accessWords.secret === undefined)
    problems.push('--admin-client-id needs its secret: set KEYCLOAK_ADMIN_CLIENT_SECRET');
  if (problems.length > 0) throw new UsageError(problems);
  const token = flags.token === undefined ? undefined : await readToken();
  if (token === '')
    throw new UsageError([
      'nothing was piped in for --token -: echo "$TOKEN" | keycloak-guard doctor --token -',
    ]);
  const to = { serverUrl: accessWords.serverUrl, realm: accessWords.realm };
  const { fix = false, yes = false, 'user-password-stdin': readsPassword = false } = flags;
  const password = all.username === undefined ? undefined : reading.secret('user-password-stdin');
  const sendings: Sending[] = [
    ...credentialSendings(settings, to),
    ...(password ? [{ ...password, ...to, as: all.username }] : []),
    // The Keycloak that issued a token knows it.
    ...(token === undefined
      ? []
      : [{ name: '--token -', value: undefined, ...to, as: undefined, issuer: issuerOf(token) }]),
  ];
  const own = [all.clientId, all.username, password ? password.value : undefined];
  const { access, words, judged } = await openWords(consent, accessWords, all, {
    sendings,
    planned: fix ? [...own, flags.app === undefined ? all.publicUrl : undefined] : undefined,
    yes,
  });
  const [provider] = token === undefined ? await findProvidersWithout(settings) : [];
  const user = words.username === undefined && provider !== undefined ? DEV_USER : words;
  const appUrl = appUrlOf(flags.app, words.publicUrl, words.port);
  const serviceUrl = flags.running === '' ? appUrl : flags.running && withoutEndSlashes(flags.running);
  // A file may name an address, and then no token goes there.
  const isNamed = (flags.running || flags.app) !== undefined;
  const isHere = (url: string) =>
    URL.canParse(url) && networkZoneOf(new URL(url).hostname) === 'this-machine';
  const isTrusted = serviceUrl && (isNamed || isHere(serviceUrl));
  return {
    json: flags.json ?? false,
    fix,
    enable: flags.enable ?? false,
    /** With `--fix`: whether its plan needs no question, and what a file chose for it that nobody named. */
    ...judged,
    envFile,
    isEnvExplicit: isEnvNamed,
    serverUrl: access.serverUrl,
    realm: access.realm,
    admin: toAdmin(access),
    username: user.username,
    password: user.password,
    /** Examined where nothing is set. */
    provider,
    readsPassword,
    /** Address of the application as browsers see it, without a slash at the end. */
    appUrl,
    /** Whether a flag named that address; setup reads it in the settings too. */
    isAppUrlExplicit: flags.app !== undefined,
    serviceUrl,
    /** The route of the running service that is shown the token. */
    protectedUrl: isTrusted ? `${serviceUrl}/protected` : undefined,
    acr: flags.acr ?? [],
    mcpUrl: flags.mcp,
    /** Examine permissions, and say so if there are none. */
    authz: flags.authz !== undefined,
    authzFiles: toAuthzFiles(flags.authz, envFile),
    routeUrl: flags.route,
    spa: flags.spa,
    upgradeTo: flags.upgrade,
    tenant: flags.tenant,
    page: flags.origin,
    wants: flags.needs ?? [],
    /** The words to explain, or `-` to read them from standard input. Excludes all checks. */
    explain: flags.explain === '' ? '-' : flags.explain,
    token,
  };
}

function problemsOf(flags: Flags<typeof OPTIONS>, hasAdmin: boolean): string[] {
  const { token, fix, mcp, needs = [] } = flags;
  const problems: string[] = [];
  for (const name of ['app', 'running', 'mcp', 'route', 'origin'] as const) {
    const url = name === 'running' ? flags.running || undefined : flags[name];
    if (url !== undefined && !isHttpUrl(url))
      problems.push(`--${name} must be an http or https URL, for example http://localhost:8000`);
    else if (name === 'app' && url !== undefined && !isAppUrl(toAppUrl(url)))
      problems.push(`--app ${APP_URL_RULE}`);
  }
  if (token !== undefined && token !== '-')
    problems.push('--token reads the token from standard input: write --token - and pipe the token in');
  if (token !== undefined && flags['user-password-stdin'])
    problems.push('--token - and --user-password-stdin both read standard input');
  if (mcp !== undefined && fix)
    problems.push('--mcp does not go with --fix: run setup mcp to fix its findings');
  const [whole, ...more] = (['mcp', 'tenant', 'upgrade'] as const).filter((one) => flags[one] !== undefined);
  const beside = [
    ...more,
    ...(['spa', 'route', 'needs', 'token'] as const).filter((one) => flags[one]?.length),
  ];
  if (whole !== undefined && beside.length > 0)
    problems.push(
      `--${whole} looks at nothing that --${beside.join(' and --')} names: call the doctor once for each`,
    );
  if (flags.spa !== undefined && flags.origin === undefined)
    problems.push('--spa needs --origin: the address of the page, for example http://localhost:5173');
  if (flags.origin !== undefined && (flags.spa ?? flags.route) === undefined)
    problems.push('--origin goes with --spa or --route');
  if (flags.upgrade !== undefined && !/^\d+(\.\d+){0,2}$/.test(flags.upgrade))
    problems.push('--upgrade is a version of Keycloak in numbers, for example 26.7 or 26.7.3');
  if ((flags.upgrade ?? flags.tenant) !== undefined && !hasAdmin)
    problems.push('--upgrade and --tenant look as an admin: give --admin-user and KEYCLOAK_ADMIN_PASSWORD');
  if (needs.some((one) => !/^(role|group|organization|scope)=./.test(one)))
    problems.push(
      '--needs is role=NAME, role=CLIENT:NAME, group=PATH, organization=ALIAS, organization=ALIAS:ROLE, organization=ALIAS:PATH or scope=NAME',
    );
  if (flags.json && fix) problems.push('--json is for looking: run the doctor again with it after --fix');
  if (fix && flags['admin-totp'] !== undefined)
    problems.push('--fix logs in again, and a one-time code is good once: run setup with --admin-totp');
  return problems;
}

const issuerOf = (token: string): string => String(decodeJwt(token)?.claims.iss);

function toAuthzFiles(named: readonly string[] = [], envFile: string): string[] {
  const files = named.filter((file) => file !== '');
  const defaultFile = findAuthzJson(dirname(envFile));
  return files.length > 0 || defaultFile === undefined ? files : [defaultFile];
}

function toAdmin({
  adminRealm: realm,
  clientId,
  username,
  secret = '',
  totp,
}: Access): AdminCredentials | undefined {
  if (clientId !== undefined) return { realm, clientId, clientSecret: secret };
  // In a terminal, the password is asked for later.
  return username === undefined ? undefined : { realm, username, password: secret, totp };
}
