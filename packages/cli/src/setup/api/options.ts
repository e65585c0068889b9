import { CREDENTIAL_SETTING_NAMES, isPlaceholder, toCredential } from '@keycloak-guard/server/config';
import {
  ACCESS_FLAGS,
  credentialSendings,
  isHttpUrl,
  keyFileSendings,
  openAccess,
  problemsOfAccess,
  readAccess,
} from '../../access/access.ts';
import type { Shape } from '../../admin/index.ts';
import { appUrlOf, toUri } from '../../settings/address.ts';
import { readSettings } from '../../settings/env-file.ts';
import { type Flags, lists, type Parsed, switches, values, YES } from '../../settings/flags.ts';
import { type Consent, createConsent, FromFolder, type Sending } from '../../settings/from-folder.ts';
import { assertOfFolder } from '../../settings/private-file.ts';
import { UsageError } from '../../settings/usage-error.ts';
import { readGuards } from '../../source/guards.ts';
import { CREDENTIAL_FLAGS, chooseCredential } from '../credential.ts';
import { isScope, parseKindFlags, SCOPE_RULE } from '../visit.ts';

export type ApiOptions = Awaited<ReturnType<typeof readApiOptions>>;

const FLAGS = {
  ...ACCESS_FLAGS,
  ...CREDENTIAL_FLAGS,
  ...values('client-id', 'app', 'backchannel-url', 'user', 'email', 'name', 'from', 'authz'),
  ...lists('attribute', 'role', 'client-role', 'group', 'scope'),
  ...switches(
    'user-password-stdin',
    'reset-password',
    'no-user',
    'enable',
    'dry-run',
    'overwrite-env',
    'no-env',
  ),
  ...YES,
} as const;

interface Reading {
  readonly kind?: string;
  readonly more?: Flags;
  readonly consent?: Consent;
}

/**
 * Flags win over the environment, the environment over the `.env` file. Passwords are never flags, because other users of
 * the machine can see those.
 *
 * @throws {UsageError} naming every option that is wrong, or what a file chose that nobody named
 */
export async function readApiOptions(
  args: string[],
  environment: NodeJS.ProcessEnv,
  { kind = 'guide', more = {}, consent = createConsent(undefined) }: Reading = {},
) {
  const { values: parsed, positionals } = parseKindFlags(kind, args, { ...more, ...FLAGS });
  const flags = parsed as Parsed<typeof FLAGS>['values'];
  const envFile = flags['no-env'] ? undefined : (flags.env ?? '.env');
  if (envFile !== undefined && flags.env === undefined) assertOfFolder(envFile, '--env');
  const env = await readSettings(environment, envFile, flags.env !== undefined);
  const source = flags.from === undefined ? undefined : await readGuards(flags.from);
  const read = readAccess(flags, env);
  const accessWords = { ...read, realm: read.realm ?? source?.options.realm };
  const words = {
    clientId: flags['client-id'] ?? env('KEYCLOAK_CLIENT_ID') ?? source?.options.clientId,
    clientSecret: env('KEYCLOAK_CLIENT_SECRET'),
    publicUrl: env('PUBLIC_URL'),
    port: env('PORT'),
    username: flags.user ?? env('SETUP_USER'),
  };
  const password = flags['user-password-stdin']
    ? { name: '--user-password-stdin', value: undefined }
    : env.find('SETUP_PASSWORD');
  const problems = problemsOfAccess(accessWords);
  const { serverUrl, realm } = accessWords;
  // The realm file of an export, and a plan for an administrator, go nowhere.
  const isSent = kind !== 'export' && !('plan-for-admin' in parsed) && problems.length === 0;
  const publicUrlUsed = flags.app === undefined ? words.publicUrl : undefined;
  const dryRun = flags['dry-run'] ?? false;
  // An API that only checks tokens has no sign-in.
  const withoutUser = flags['no-user'] ?? (kind === 'api' && words.username === undefined);
  const to = { serverUrl, realm };
  const sendings: Sending[] = [
    ...(password === undefined || flags['no-user'] ? [] : [{ ...password, ...to, as: words.username }]),
    ...keyFileSendings(flags, to, words.clientId),
    ...credentialSendings(env, to),
  ];
  const access = isSent
    ? await openAccess(accessWords, consent, sendings)
    : await openAccess({ ...accessWords, secret: undefined }, consent);
  const judged = consent.judge(
    isSent
      ? [
          ...[serverUrl, realm, words.clientId, words.clientSecret, publicUrlUsed],
          ...(withoutUser ? [] : [words.username, password?.value]),
        ]
      : [],
    serverUrl,
    (flags.yes ?? false) && !dryRun,
  );
  const opened = await consent.open({ ...words, password: password?.value }, []);
  const files = CREDENTIAL_SETTING_NAMES.filter((name) => name.endsWith('_FILE'));
  const paths: Readonly<Record<string, string | undefined>> = await consent.open(
    Object.fromEntries(files.map((name) => [name, env(name)])),
    [],
  );
  const { clientSecret: secret, publicUrl, port, username } = opened;
  const isOwnSecret = secret !== undefined && !isPlaceholder(secret);
  const groups = (flags.group ?? []).map((path) => `/${path.split('/').filter(Boolean).join('/')}`);
  const shape: Shape = kind === 'web' ? 'web' : kind === 'api' || kind === 'app' ? 'api' : 'guide';
  const options = {
    shape,
    access,
    clientId: opened.clientId,
    // A `.env` copied from the example: the service would not start with it.
    clientSecret: isOwnSecret ? secret : undefined,
    /** Where that is from, unless the person named the file. */
    secretSource: isOwnSecret && words.clientSecret instanceof FromFolder ? envFile : undefined,
    /** `undefined`: as it is, and a secret for a new client. */
    credential: await chooseCredential(flags),
    /** The credential in the settings that is no secret: what is in use is tried, where no other one is chosen. */
    provenBy: files.some((name) => paths[name])
      ? toCredential((name) => paths[name], undefined, '.')
      : undefined,
    appUrl: appUrlOf(flags.app, publicUrl, port),
    isAppUrlGuessed: (flags.app ?? publicUrl ?? port) === undefined,
    /** The doctor and the next set-up read it in `.env`. An address that is there is the person's own. */
    writesAppUrl:
      shape === 'web' || (shape === 'guide' && flags.app !== undefined && publicUrl === undefined),
    /** An application that signs people in signs their session cookies. One that has a secret keeps it. */
    writesSession: shape !== 'api' && env('SESSION_SECRET') === undefined,
    backchannelUrl: flags['backchannel-url'] && toUri(flags['backchannel-url']),
    user: {
      username,
      password: opened.password,
      email: flags.email,
      name: flags.name,
      attributes: toAttributes(flags.attribute ?? []),
      resetPassword: flags['reset-password'] ?? false,
    },
    withoutUser,
    realmRoles: flags.role ?? [],
    clientRoles: flags['client-role'] ?? [],
    groups,
    scopes: flags.scope ?? [],
    /** Roles, groups and scopes that the guards of a folder name; the user does not get them. */
    guards: source,
    enable: flags.enable ?? false,
    dryRun,
    ...judged,
    overwriteEnv: flags['overwrite-env'] ?? false,
    envFile,
    /** Never one that was found: its permissions are the word of who wrote it. */
    authzFile: flags.authz,
    /** Lines of standard input to read, in this order. */
    fromStdin: [
      ...(access.readsPassword ? (['admin-password'] as const) : []),
      ...(flags['user-password-stdin'] ? (['user-password'] as const) : []),
    ],
    positionals,
    own: parsed as Readonly<Record<string, unknown>>,
  };
  problems.push(...problemsOf(options));
  if (problems.length > 0) throw new UsageError(problems);
  return options;
}

function problemsOf({ appUrl, backchannelUrl, withoutUser, user, groups, scopes }: ApiOptions): string[] {
  const problems: string[] = [];
  for (const [name, value] of [
    ['--app (PUBLIC_URL)', appUrl],
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
export const hasSecret = ({ credential, provenBy }: Pick<ApiOptions, 'credential' | 'provenBy'>): boolean =>
  credential === undefined ? provenBy === undefined : credential.goal.type === 'secret';
