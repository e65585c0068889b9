import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { AdminCredentials } from '../admin/index.ts';
import { findAuthzFile, findAuthzJson } from '../authz/load-file.ts';
import { type Doubt, doubtOf } from '../door/trust.ts';
import { appUrlOf } from '../settings/app-url.ts';
import { readSettings, type Settings } from '../settings/env-file.ts';
import { UsageError } from '../settings/usage-error.ts';

/** Options of the doctor. */
export interface DoctorOptions {
  readonly json: boolean;
  readonly fix: boolean;
  readonly yes: boolean;
  /** Turn on what is off, even if nobody reads the plan. */
  readonly enable: boolean;
  readonly envFile: string;
  /** Keycloak's address in the settings, as written. */
  readonly serverUrl: string | undefined;
  /** Why a password may not be sent there without a question. */
  readonly doubt: Doubt | undefined;
  /** Address of the API as browsers see it, without a slash at the end. */
  readonly appUrl: string;
  /** Address of a running service, without a slash at the end. */
  readonly serviceUrl: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly admin: AdminCredentials | undefined;
  /** Values of `acr` that guards require. */
  readonly acr: readonly string[];
  /** URL of an MCP server, as written. Only that is examined. */
  readonly mcpUrl: string | undefined;
  /** Examine permissions, and say so if there are none. */
  readonly authz: boolean;
  /** Files to compare with Keycloak's permissions: of `authz`, or a `keycloak.json` with a policy enforcer. */
  readonly authzFiles: readonly string[];
  /** A route of an own API, as written: what do its answers mean? */
  readonly routeUrl: string | undefined;
  /** Client id of a single-page app. Only that is examined, and the route. */
  readonly spa: string | undefined;
  /** The page that calls the route, or to which the single-page app's sign-in comes back. */
  readonly page: string | undefined;
  /** What a token must hold: `role=NAME`, `role=CLIENT:NAME`, `group=PATH`, `organization=ALIAS`, `scope=NAME`. */
  readonly wants: readonly string[];
  /** A version of Keycloak, `26.7`: what will an upgrade to it break? Only that is examined. */
  readonly upgradeTo: string | undefined;
  /** An organization of the realm, or a realm. Only that is examined. */
  readonly tenant: string | undefined;
  /** What is to be explained: words as they were pasted, or `-` for those on standard input. Nothing else is done then. */
  readonly explain: string | undefined;
  /** Read a token from standard input. */
  readonly readsToken: boolean;
  /** Read the user's password from standard input. */
  readonly readsPassword: boolean;
}

// Not --env-file: Node 20 reads that flag itself, wherever it stands.
const FLAGS = {
  json: { type: 'boolean' },
  fix: { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
  enable: { type: 'boolean' },
  env: { type: 'string' },
  'app-url': { type: 'string' },
  url: { type: 'string' },
  user: { type: 'string' },
  'user-password-stdin': { type: 'boolean' },
  'admin-user': { type: 'string' },
  'admin-realm': { type: 'string' },
  'admin-totp': { type: 'string' },
  'admin-client-id': { type: 'string' },
  token: { type: 'string' },
  explain: { type: 'string' },
  route: { type: 'string' },
  spa: { type: 'string' },
  upgrade: { type: 'string' },
  tenant: { type: 'string' },
  origin: { type: 'string' },
  needs: { type: 'string', multiple: true },
  mcp: { type: 'string' },
  acr: { type: 'string', multiple: true },
  authz: { type: 'string', multiple: true },
} as const;

/**
 * Reads flags and environment. Passwords are never flags, because other users of the machine can see those.
 *
 * @throws {UsageError}
 */
export async function readDoctorOptions(
  args: string[],
  environment: NodeJS.ProcessEnv,
): Promise<DoctorOptions> {
  const flags = parse(args);
  const envFile = flags.env ?? '.env';
  const env = await readSettings(environment, envFile);
  const problems: string[] = [];
  const toUrl = (name: string, value: string | undefined) => {
    if (value === undefined) return undefined;
    if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
      problems.push(`${name} must be an http or https URL, for example http://localhost:8000`);
    }
    return value.replace(/\/+$/, '');
  };
  if (flags.token !== undefined && flags.token !== '-') {
    problems.push('--token reads the token from standard input: write --token - and pipe the token in');
  }
  const url = env.find('KEYCLOAK_SERVER_URL');
  const isNamed = flags.env !== undefined;
  const options: DoctorOptions = {
    serverUrl: url?.value,
    doubt: secretsOf(flags, env)
      .map((secret) => doubtOf(secret, url, envFile, isNamed))
      .find((doubt) => doubt !== undefined),
    json: flags.json ?? false,
    fix: flags.fix ?? false,
    yes: flags.yes ?? false,
    enable: flags.enable ?? false,
    envFile,
    appUrl: appUrlOf(toUrl('--app-url', flags['app-url']), env),
    serviceUrl: toUrl('--url', flags.url),
    username: flags.user ?? env('DOCTOR_USER'),
    password: env('DOCTOR_PASSWORD'),
    admin: toAdmin(flags, env, problems),
    acr: flags.acr ?? [],
    mcpUrl: toUrl('--mcp', flags.mcp) === undefined ? undefined : flags.mcp,
    authz: flags.authz !== undefined,
    authzFiles: toAuthzFiles(flags.authz, envFile),
    routeUrl: toUrl('--route', flags.route) === undefined ? undefined : flags.route,
    spa: flags.spa,
    upgradeTo: flags.upgrade,
    tenant: flags.tenant,
    page: toUrl('--origin', flags.origin) === undefined ? undefined : flags.origin,
    wants: flags.needs ?? [],
    explain: flags.explain === '' ? '-' : flags.explain,
    readsToken: flags.token === '-',
    readsPassword: flags['user-password-stdin'] ?? false,
  };
  if (options.readsToken && options.readsPassword)
    problems.push('--token - and --user-password-stdin both read standard input');
  if (options.mcpUrl !== undefined && (options.readsToken || options.fix))
    problems.push('--mcp stands alone: not with --token or --fix. What can be mended, setup mcp mends');
  if (options.spa !== undefined && options.page === undefined)
    problems.push('--spa needs --origin: the page to which its sign-in comes back, http://localhost:5173/');
  if (options.upgradeTo !== undefined && !/^\d+(\.\d+){0,2}$/.test(options.upgradeTo))
    problems.push('--upgrade is a version of Keycloak in numbers, for example 26.7 or 26.7.3');
  if ((options.upgradeTo ?? options.tenant) !== undefined && options.admin === undefined)
    problems.push('--upgrade and --tenant look as an admin: give --admin-user and KEYCLOAK_ADMIN_PASSWORD');
  if (options.wants.some((one) => !/^(role|group|organization|scope)=./.test(one)))
    problems.push('--needs is role=NAME, role=CLIENT:NAME, group=PATH, organization=ALIAS or scope=NAME');
  if (options.json && options.fix && !options.yes)
    problems.push('--json --fix needs --yes: there is nobody to ask');
  if (options.fix && flags['admin-totp'] !== undefined)
    problems.push('--fix logs in again, and a one-time code is good once: run setup with --admin-totp');
  if (problems.length > 0) throw new UsageError(problems);
  return options;
}

/** Where the passwords of people come from that the doctor would send. */
function secretsOf(flags: ReturnType<typeof parse>, env: Settings) {
  const hasService = (flags['admin-client-id'] ?? env('KEYCLOAK_ADMIN_CLIENT_ID')) !== undefined;
  const hasAdmin = (flags['admin-user'] ?? env('KEYCLOAK_ADMIN_USER')) !== undefined;
  const hasUser = (flags.user ?? env('DOCTOR_USER')) !== undefined;
  return [
    hasService ? env.find('KEYCLOAK_ADMIN_CLIENT_SECRET') : undefined,
    hasAdmin && !hasService ? env.find('KEYCLOAK_ADMIN_PASSWORD') : undefined,
    hasUser ? env.find('DOCTOR_PASSWORD') : undefined,
    flags['user-password-stdin']
      ? ({ name: '--user-password-stdin', source: 'environment' } as const)
      : undefined,
  ];
}

/** The named files, or else the one beside the settings, if there is one. */
function toAuthzFiles(named: readonly string[] | undefined, envFile: string): string[] {
  const files = (named ?? []).filter((file) => file !== '');
  if (files.length > 0) return files;
  const folder = dirname(envFile);
  const found = named === undefined ? findAuthzJson(folder) : findAuthzFile(folder);
  return found === undefined ? [] : [found];
}

function parse(given: string[]) {
  // The value of these flags is optional.
  const args = given.map((one, index) =>
    /^--(authz|explain)$/.test(one) && !/^[^-]/.test(given[index + 1] ?? '') ? `${one}=` : one,
  );
  try {
    return parseArgs({ args, options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError([error instanceof Error ? error.message : String(error)]);
  }
}

function toAdmin(
  flags: ReturnType<typeof parse>,
  env: (name: string) => string | undefined,
  problems: string[],
): AdminCredentials | undefined {
  const realm = flags['admin-realm'] ?? env('KEYCLOAK_ADMIN_REALM') ?? 'master';
  const clientId = flags['admin-client-id'] ?? env('KEYCLOAK_ADMIN_CLIENT_ID');
  if (clientId !== undefined) {
    const clientSecret = env('KEYCLOAK_ADMIN_CLIENT_SECRET');
    if (clientSecret !== undefined) return { realm, clientId, clientSecret };
    problems.push('--admin-client-id needs its secret: set KEYCLOAK_ADMIN_CLIENT_SECRET');
    return undefined;
  }
  const username = flags['admin-user'] ?? env('KEYCLOAK_ADMIN_USER');
  const password = env('KEYCLOAK_ADMIN_PASSWORD');
  if (username === undefined) return undefined;
  // In a terminal, the password is asked for later.
  return { realm, username, password: password ?? '', totp: flags['admin-totp'] };
}
