import { dirname } from 'node:path';
import { CREDENTIAL_SETTING_NAMES } from '@keycloak-guard/server/config';
import type { AdminCredentials } from '../admin/index.ts';
import { findAuthzFile, findAuthzJson } from '../authz/load-file.ts';
import { addressIn, doubtOf } from '../door/trust.ts';
import { appUrlOf } from '../settings/app-url.ts';
import { readSettings, type Settings } from '../settings/env-file.ts';
import { lists, parseFlags, switches, values, YES } from '../settings/flags.ts';
import { UsageError } from '../settings/usage-error.ts';

/** Options of the doctor, as its `--help` explains them. */
export type DoctorOptions = Awaited<ReturnType<typeof readDoctorOptions>>;

const FLAGS = {
  ...values(
    'env',
    'app-url',
    'url',
    'user',
    'admin-user',
    'admin-realm',
    'admin-totp',
    'admin-client-id',
    'token',
    'explain',
    'route',
    'spa',
    'upgrade',
    'tenant',
    'origin',
    'mcp',
  ),
  ...lists('needs', 'acr', 'authz'),
  ...switches('json', 'fix', 'enable', 'user-password-stdin'),
  ...YES,
} as const;

/**
 * Reads flags and environment. Passwords are never flags, because other users of the machine can see those.
 *
 * @throws {UsageError}
 */
export async function readDoctorOptions(args: string[], environment: NodeJS.ProcessEnv) {
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
  const url = await addressIn(env);
  const isNamed = flags.env !== undefined;
  /** As written, once it is known to be a URL. */
  const asWritten = (flag: 'mcp' | 'route' | 'origin') => {
    const value = flags[flag];
    return toUrl(`--${flag}`, value) === undefined ? undefined : value;
  };
  const options = {
    /** Keycloak's address in the settings, as written. */
    serverUrl: url?.value,
    /** Why a password may not be sent there without a question. */
    doubt: secretsOf(flags, env)
      .map((secret) => doubtOf(secret, url, envFile, isNamed))
      .find((doubt) => doubt !== undefined),
    /** Why a token from the standard input may not be sent there either, unless that Keycloak issued it. */
    tokenDoubt: doubtOf(PIPED_TOKEN, url, envFile, isNamed),
    json: flags.json ?? false,
    fix: flags.fix ?? false,
    yes: flags.yes ?? false,
    enable: flags.enable ?? false,
    envFile,
    /** Address of the API as browsers see it, without a slash at the end. */
    appUrl: appUrlOf(toUrl('--app-url', flags['app-url']), env),
    /** Address of a running service, without a slash at the end. */
    serviceUrl: toUrl('--url', flags.url),
    username: flags.user ?? env('DOCTOR_USER'),
    password: env('DOCTOR_PASSWORD'),
    admin: toAdmin(flags, env, problems),
    acr: flags.acr ?? [],
    mcpUrl: asWritten('mcp'),
    /** Examine permissions, and say so if there are none. */
    authz: flags.authz !== undefined,
    authzFiles: toAuthzFiles(flags.authz, envFile),
    routeUrl: asWritten('route'),
    spa: flags.spa,
    upgradeTo: flags.upgrade,
    tenant: flags.tenant,
    page: asWritten('origin'),
    wants: flags.needs ?? [],
    /** The words to explain, or `-` to read them from standard input. Excludes all checks. */
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

const PIPED_TOKEN = { name: '--token -', source: 'environment' } as const;

/** Where the passwords and the client's credential come from that the doctor would send. */
function secretsOf(flags: ReturnType<typeof parse>, env: Settings) {
  const hasService = (flags['admin-client-id'] ?? env('KEYCLOAK_ADMIN_CLIENT_ID')) !== undefined;
  const hasAdmin = (flags['admin-user'] ?? env('KEYCLOAK_ADMIN_USER')) !== undefined;
  const hasUser = (flags.user ?? env('DOCTOR_USER')) !== undefined;
  return [
    ...CREDENTIAL_SETTING_NAMES.map((name) => env.find(name)),
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
  return parseFlags(args, FLAGS, { allowPositionals: false, help: 'doctor --help names all options' }).values;
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
