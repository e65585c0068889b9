import { dirname } from 'node:path';
import { isPlaceholder } from '@keycloak-guard/server';
import { CREDENTIAL_SETTING_NAMES } from '@keycloak-guard/server/setting-names';
import type { Shape } from '../../admin/index.ts';
import { findAuthzJson } from '../../authz/load-file.ts';
import { DOOR_FLAGS, type Door, isHttpUrl, problemsOfDoor, readDoor } from '../../door/options.ts';
import { doubtOf } from '../../door/trust.ts';
import { appUrlOf } from '../../settings/app-url.ts';
import { readSettings } from '../../settings/env-file.ts';
import { UsageError } from '../../settings/usage-error.ts';
import { type Guards, readGuards } from '../../source/guards.ts';
import { type ChosenCredential, CREDENTIAL_FLAGS, chooseCredential } from '../credential/choose.ts';
import { isScope, parseFlags, SCOPE_RULE } from '../visit.ts';

/** What is known of the API, before a person is asked. */
export interface ApiOptions {
  readonly shape: Shape;
  readonly door: Door;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  /** How the client is to prove who it is; `undefined`: as it does, and a new one with a secret. */
  readonly credential: ChosenCredential | undefined;
  /** Names of the settings that hold a credential now. */
  readonly credentialSettings: readonly string[];
  readonly appUrl: string;
  readonly backchannelUrl: string | undefined;
  readonly user: {
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly email: string | undefined;
    readonly name: string | undefined;
    readonly attributes: Readonly<Record<string, string>>;
    readonly resetPassword: boolean;
  };
  /** No user is wanted. */
  readonly withoutUser: boolean;
  readonly realmRoles: readonly string[];
  readonly clientRoles: readonly string[];
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  /** What the guards of a folder name; the user does not get it. */
  readonly named: Guards | undefined;
  readonly enable: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly overwriteEnv: boolean;
  readonly envFile: string | undefined;
  /** The file with resources, scopes, policies and permissions that the client gets. */
  readonly authzFile: string | undefined;
  /** Lines of standard input to read, in this order. */
  readonly fromStdin: readonly ('admin-password' | 'user-password')[];
  /** What stands beside the flags. */
  readonly positionals: readonly string[];
}

const FLAGS = {
  ...DOOR_FLAGS,
  ...CREDENTIAL_FLAGS,
  'client-id': { type: 'string' },
  'app-url': { type: 'string' },
  'backchannel-url': { type: 'string' },
  user: { type: 'string' },
  email: { type: 'string' },
  name: { type: 'string' },
  attribute: { type: 'string', multiple: true },
  'user-password-stdin': { type: 'boolean' },
  'reset-password': { type: 'boolean' },
  'no-user': { type: 'boolean' },
  role: { type: 'string', multiple: true },
  'client-role': { type: 'string', multiple: true },
  group: { type: 'string', multiple: true },
  scope: { type: 'string', multiple: true },
  from: { type: 'string' },
  enable: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
  'overwrite-env': { type: 'boolean' },
  'no-env': { type: 'boolean' },
  authz: { type: 'string' },
  'no-authz': { type: 'boolean' },
} as const;

/**
 * Flags win over the environment, the environment over the `.env` file. Passwords are never flags, because other users of
 * the machine can see those.
 *
 * @throws {UsageError} naming every option that is wrong
 */
export async function readApiOptions(
  args: string[],
  environment: NodeJS.ProcessEnv,
  kind = 'guide',
): Promise<ApiOptions> {
  const { values: flags, positionals } = parseFlags(kind, args, FLAGS);
  const envFile = flags['no-env'] ? undefined : (flags.env ?? '.env');
  const env = await readSettings(environment, envFile);
  const secret = env('KEYCLOAK_CLIENT_SECRET');
  const groups = (flags.group ?? []).map((path) => `/${path.split('/').filter(Boolean).join('/')}`);
  const door = readDoor(flags, env, envFile);
  const password = flags['user-password-stdin']
    ? ({ name: '--user-password-stdin', source: 'environment' } as const)
    : env.find('SETUP_PASSWORD');
  const doubt =
    flags.url === undefined
      ? doubtOf(password, env.find('KEYCLOAK_SERVER_URL'), envFile, flags.env !== undefined)
      : undefined;
  const named = flags.from === undefined ? undefined : await readGuards(flags.from);
  const username = flags.user ?? env('SETUP_USER');
  const options: ApiOptions = {
    shape: kind === 'web' ? 'web' : kind === 'api' || kind === 'app' ? 'api' : 'guide',
    door: { ...door, realm: door.realm ?? named?.options.realm, doubt: door.doubt ?? doubt },
    clientId: flags['client-id'] ?? env('KEYCLOAK_CLIENT_ID') ?? named?.options.clientId,
    // A `.env` copied from the example: the service would not start with it.
    clientSecret: secret === undefined || isPlaceholder(secret) ? undefined : secret,
    credential: await chooseCredential(flags),
    credentialSettings: CREDENTIAL_SETTING_NAMES.filter((name) => env(name) !== undefined),
    appUrl: appUrlOf(flags['app-url'], env),
    backchannelUrl: flags['backchannel-url'],
    user: {
      username,
      password: env('SETUP_PASSWORD'),
      email: flags.email,
      name: flags.name,
      attributes: toAttributes(flags.attribute ?? []),
      resetPassword: flags['reset-password'] ?? false,
    },
    // Nobody signs in at an API that checks tokens.
    withoutUser: flags['no-user'] ?? (kind === 'api' && username === undefined),
    realmRoles: flags.role ?? [],
    clientRoles: flags['client-role'] ?? [],
    groups,
    scopes: flags.scope ?? [],
    named,
    enable: flags.enable ?? false,
    dryRun: flags['dry-run'] ?? false,
    yes: flags.yes ?? false,
    overwriteEnv: flags['overwrite-env'] ?? false,
    envFile,
    authzFile: toAuthzFile(flags, envFile),
    fromStdin: [
      ...(door.readsPassword ? (['admin-password'] as const) : []),
      ...(flags['user-password-stdin'] ? (['user-password'] as const) : []),
    ],
    positionals,
  };
  const problems = problemsOf(options);
  if (problems.length > 0) throw new UsageError(problems);
  return options;
}

/** The file that is named, else the `authz.json` that stands beside the settings. */
function toAuthzFile(
  flags: { readonly authz?: string | undefined; readonly 'no-authz'?: boolean | undefined },
  envFile: string | undefined,
): string | undefined {
  if (flags.authz !== undefined && flags['no-authz'])
    throw new UsageError(['--authz and --no-authz exclude each other']);
  if (flags['no-authz'] || envFile === undefined) return flags.authz;
  return flags.authz ?? findAuthzJson(dirname(envFile));
}

function problemsOf({
  door,
  appUrl,
  backchannelUrl,
  withoutUser,
  user,
  groups,
  scopes,
}: ApiOptions): string[] {
  const problems = problemsOfDoor(door);
  for (const [name, value] of [
    ['--app-url (PUBLIC_URL)', appUrl],
    ['--backchannel-url', backchannelUrl],
  ] as const) {
    if (value !== undefined && !isHttpUrl(value)) {
      problems.push(`${name} must be an http or https URL, for example http://localhost:8000`);
    }
  }
  if (!scopes.every(isScope)) problems.push(SCOPE_RULE);
  if (withoutUser && user.username !== undefined) problems.push('--no-user and --user exclude each other');
  if (groups.includes('/')) problems.push('--group must be a path, for example /staff/dev');
  return problems;
}

function toAttributes(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError([`--attribute must be <name>=<value>, not '${pair}'`]);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** Whether the service proves itself with a secret: it is to, or nothing else is set. */
export function hasSecret({
  credential,
  credentialSettings,
}: Pick<ApiOptions, 'credential' | 'credentialSettings'>): boolean {
  if (credential !== undefined) return credential.goal.type === 'secret';
  return credentialSettings.every((name) => name === 'KEYCLOAK_CLIENT_SECRET');
}
