import { dirname } from 'node:path';
import { CREDENTIAL_SETTING_NAMES, isPlaceholder } from '@keycloak-guard/server/config';
import type { Shape } from '../../admin/index.ts';
import { findAuthzJson } from '../../authz/load-file.ts';
import { DOOR_FLAGS, isHttpUrl, problemsOfDoor, readDoor } from '../../door/options.ts';
import { doubtOf } from '../../door/trust.ts';
import { appUrlOf } from '../../settings/app-url.ts';
import { readSettings } from '../../settings/env-file.ts';
import { type Flags, lists, type Parsed, switches, values, YES } from '../../settings/flags.ts';
import { UsageError } from '../../settings/usage-error.ts';
import { readGuards } from '../../source/guards.ts';
import { CREDENTIAL_FLAGS, chooseCredential } from '../credential/choose.ts';
import { isScope, parseKindFlags, SCOPE_RULE } from '../visit.ts';

/** The options of an API, before questions to a person. */
export type ApiOptions = Awaited<ReturnType<typeof readApiOptions>>;

const FLAGS = {
  ...DOOR_FLAGS,
  ...CREDENTIAL_FLAGS,
  ...values('client-id', 'app-url', 'backchannel-url', 'user', 'email', 'name', 'from', 'authz'),
  ...lists('attribute', 'role', 'client-role', 'group', 'scope'),
  ...switches(
    'user-password-stdin',
    'reset-password',
    'no-user',
    'enable',
    'dry-run',
    'overwrite-env',
    'no-env',
    'no-authz',
  ),
  ...YES,
} as const;

/**
 * Flags win over the environment, the environment over the `.env` file. Passwords are never flags, because other users of
 * the machine can see those.
 *
 * @param more flags of one kind of setup alone
 * @throws {UsageError} naming every option that is wrong
 */
export async function readApiOptions(
  args: string[],
  environment: NodeJS.ProcessEnv,
  kind = 'guide',
  more: Flags = {},
) {
  const { values: given, positionals } = parseKindFlags(kind, args, { ...more, ...FLAGS });
  const flags = given as Parsed<typeof FLAGS>['values'];
  const envFile = flags['no-env'] ? undefined : (flags.env ?? '.env');
  const env = await readSettings(environment, envFile);
  const secret = env.find('KEYCLOAK_CLIENT_SECRET');
  const isOwnSecret = secret !== undefined && !isPlaceholder(secret.value);
  const isFound = isOwnSecret && secret.source === 'file' && flags.env === undefined;
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
  const shape: Shape = kind === 'web' ? 'web' : kind === 'api' || kind === 'app' ? 'api' : 'guide';
  const options = {
    shape,
    door: { ...door, realm: door.realm ?? named?.options.realm, doubt: door.doubt ?? doubt },
    clientId: flags['client-id'] ?? env('KEYCLOAK_CLIENT_ID') ?? named?.options.clientId,
    // A `.env` copied from the example: the service would not start with it.
    clientSecret: isOwnSecret ? secret.value : undefined,
    /** Where that is from, unless the person named the file. */
    secretFoundIn: isFound ? envFile : undefined,
    /** `undefined`: as it is, and a secret for a new client. */
    credential: await chooseCredential(flags),
    /** Names of the settings that hold a credential now. */
    credentialSettings: CREDENTIAL_SETTING_NAMES.filter((name) => env(name) !== undefined),
    appUrl: appUrlOf(flags['app-url'], env),
    isAppUrlGuessed: (flags['app-url'] ?? env('PUBLIC_URL') ?? env('PORT')) === undefined,
    /** The doctor and the next set-up read it in `.env`. An address that is there is the person's own. */
    writesAppUrl:
      shape === 'web' ||
      (shape === 'guide' && flags['app-url'] !== undefined && env('PUBLIC_URL') === undefined),
    backchannelUrl: flags['backchannel-url'],
    user: {
      username,
      password: env('SETUP_PASSWORD'),
      email: flags.email,
      name: flags.name,
      attributes: toAttributes(flags.attribute ?? []),
      resetPassword: flags['reset-password'] ?? false,
    },
    // An API that only checks tokens has no sign-in.
    withoutUser: flags['no-user'] ?? (kind === 'api' && username === undefined),
    realmRoles: flags.role ?? [],
    clientRoles: flags['client-role'] ?? [],
    groups,
    scopes: flags.scope ?? [],
    /** What the guards of a folder name; the user does not get it. */
    named,
    enable: flags.enable ?? false,
    dryRun: flags['dry-run'] ?? false,
    yes: flags.yes ?? false,
    overwriteEnv: flags['overwrite-env'] ?? false,
    envFile,
    authzFile: toAuthzFile(flags, envFile),
    /** Lines of standard input to read, in this order. */
    fromStdin: [
      ...(door.readsPassword ? (['admin-password'] as const) : []),
      ...(flags['user-password-stdin'] ? (['user-password'] as const) : []),
    ],
    positionals,
    /** Values of `more`. */
    own: given as Readonly<Record<string, unknown>>,
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
