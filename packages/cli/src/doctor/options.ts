import { dirname } from 'node:path';
import {
  type Access,
  type AccessWords,
  credentialSendings,
  openAccess,
  readAccess,
} from '../access/access.ts';
import type { AdminCredentials } from '../admin/index.ts';
import { findAuthzJson } from '../authz/file.ts';
import { appUrlOf } from '../settings/address.ts';
import { readSettings, type Settings, withKeycloakJson } from '../settings/env-file.ts';
import { lists, parseFlags, switches, values, YES } from '../settings/flags.ts';
import { type Consent, createConsent, type Sending, type Word } from '../settings/from-folder.ts';
import { UsageError } from '../settings/usage-error.ts';
import { decodeJwt } from './evidence/token.ts';

export type DoctorOptions = Awaited<ReturnType<typeof readDoctorOptions>>;

const FLAGS = {
  ...values(
    'env',
    'app',
    'running',
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

interface Start {
  readonly consent?: Consent;
  readonly readToken?: () => Promise<string>;
}

/**
 * Reads flags and environment. Passwords are never flags, because other users of the machine can see those.
 *
 * @throws {UsageError}
 */
export async function readDoctorOptions(
  args: string[],
  environment: NodeJS.ProcessEnv,
  { consent = createConsent(undefined), readToken = async () => '' }: Start = {},
) {
  const flags = parse(args);
  const envFile = flags.env ?? '.env';
  const env = await withKeycloakJson(
    await readSettings(environment, envFile, flags.env !== undefined),
    consent,
  );
  const accessWords = readAccess(flags, env);
  const words = {
    clientId: env('KEYCLOAK_CLIENT_ID'),
    username: flags.user ?? env('DOCTOR_USER'),
    password: env('DOCTOR_PASSWORD'),
    publicUrl: env('PUBLIC_URL'),
    port: env('PORT'),
  };
  const { publicUrl, port, ...own } = await consent.open(words, []);
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
  const appUrl = appUrlOf(toUrl('--app', flags.app), publicUrl, port);
  /** As written, once it is known to be a URL. */
  const asWritten = (flag: 'mcp' | 'route' | 'origin') => {
    const value = flags[flag];
    return toUrl(`--${flag}`, value) === undefined ? undefined : value;
  };
  const options = {
    json: flags.json ?? false,
    fix: flags.fix ?? false,
    yes: flags.yes ?? false,
    enable: flags.enable ?? false,
    envFile,
    isEnvExplicit: flags.env !== undefined,
    /** Address of the application as browsers see it, without a slash at the end. */
    appUrl,
    /** Whether a flag named that address; setup reads it in the settings too. */
    isAppUrlExplicit: flags.app !== undefined,
    serviceUrl: flags.running === '' ? appUrl : toUrl('--running', flags.running),
    username: own.username,
    password: own.password,
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
    problems.push('--mcp does not go with --token or --fix: run setup mcp to fix its findings');
  if (options.spa !== undefined && options.page === undefined)
    problems.push('--spa needs --origin: the address of the page, for example http://localhost:5173');
  if (options.upgradeTo !== undefined && !/^\d+(\.\d+){0,2}$/.test(options.upgradeTo))
    problems.push('--upgrade is a version of Keycloak in numbers, for example 26.7 or 26.7.3');
  if (
    (options.upgradeTo ?? options.tenant) !== undefined &&
    (accessWords.clientId ?? accessWords.username) === undefined
  )
    problems.push('--upgrade and --tenant look as an admin: give --admin-user and KEYCLOAK_ADMIN_PASSWORD');
  if (options.wants.some((one) => !/^(role|group|organization|scope)=./.test(one)))
    problems.push('--needs is role=NAME, role=CLIENT:NAME, group=PATH, organization=ALIAS or scope=NAME');
  if (options.json && options.fix && !options.yes)
    problems.push('--json --fix needs --yes: there is no terminal to confirm on');
  if (options.fix && flags['admin-totp'] !== undefined)
    problems.push('--fix logs in again, and a one-time code is good once: run setup with --admin-totp');
  if (accessWords.clientId !== undefined && accessWords.secret === undefined)
    problems.push('--admin-client-id needs its secret: set KEYCLOAK_ADMIN_CLIENT_SECRET');
  if (problems.length > 0) throw new UsageError(problems);
  const token = options.readsToken ? await readToken() : undefined;
  const sendings = sendingsOf(accessWords, words, env, token, options.readsPassword);
  const { serverUrl, realm, ...access } = await openAccess(accessWords, consent, sendings);
  const isAddressRead = flags.app === undefined;
  const isPasswordRead = words.username !== undefined && !options.readsPassword;
  const planned = [
    ...[accessWords.serverUrl, accessWords.realm, words.clientId, words.username],
    ...[isAddressRead ? words.publicUrl : undefined, isPasswordRead ? words.password : undefined],
  ];
  return {
    ...options,
    /** With `--fix`: whether its plan needs no question, and what a file chose for it that nobody named. */
    ...consent.judge(options.fix ? planned : [], accessWords.serverUrl, options.yes),
    serverUrl,
    realm,
    token,
    admin: toAdmin(access),
  };
}

/** Secrets that the doctor would send, beside the password of the admin: that of the user, the credential of the client, the token. */
function sendingsOf(
  { serverUrl, realm }: AccessWords,
  { username, password }: Readonly<Record<'username' | 'password', Word | undefined>>,
  env: Settings,
  token: string | undefined,
  readsPassword: boolean,
): Sending[] {
  const to = { serverUrl, realm };
  const isOfUser = username !== undefined && (readsPassword || password !== undefined);
  const name = readsPassword ? '--user-password-stdin' : 'DOCTOR_PASSWORD';
  return [
    ...credentialSendings(env, to),
    ...(isOfUser ? [{ name, value: readsPassword ? undefined : password, ...to, as: username }] : []),
    // The Keycloak that issued a token knows it.
    ...(token === undefined
      ? []
      : [{ name: '--token -', value: undefined, ...to, as: undefined, issuer: issuerOf(token) }]),
  ];
}

const issuerOf = (token: string): string => String(decodeJwt(token)?.claims.iss);

function toAuthzFiles(fileFlags: readonly string[] | undefined, envFile: string): string[] {
  const files = (fileFlags ?? []).filter((file) => file !== '');
  if (files.length > 0) return files;
  const defaultFile = findAuthzJson(dirname(envFile));
  return defaultFile === undefined ? [] : [defaultFile];
}

function parse(argv: string[]) {
  // The value of these flags is optional.
  const args = argv.map((one, index) =>
    /^--(authz|explain|running)$/.test(one) && !/^[^-]/.test(argv[index + 1] ?? '') ? `${one}=` : one,
  );
  return parseFlags(args, FLAGS, { allowPositionals: false, help: 'doctor --help names all options' }).values;
}

function toAdmin(access: Omit<Access, 'serverUrl' | 'realm'>): AdminCredentials | undefined {
  const { adminRealm: realm, clientId, username, secret = '', totp } = access;
  if (clientId !== undefined) return { realm, clientId, clientSecret: secret };
  // In a terminal, the password is asked for later.
  return username === undefined ? undefined : { realm, username, password: secret, totp };
}
