import { join } from 'node:path';
import { CREDENTIAL_SETTING_NAMES, isPlaceholder, toCredential } from '@keycloak-guard/server/config';
import {
  ACCESS,
  ACCESS_HELP,
  ADDRESS,
  ADDRESS_HELP,
  credentialSendings,
  isHttpUrl,
  keyFileSendings,
  openWords,
  problemsOfAccess,
  readAccess,
} from '../../access/access.ts';
import type { Shape } from '../../admin/goal.ts';
import type { OrganizationClaims } from '../../admin/plan/app-scope.ts';
import { APP_URL_RULE, appUrlOf, isAppUrl, toUri } from '../../settings/address.ts';
import type { Settings } from '../../settings/env-file.ts';
import { type Consent, createConsent, FromFolder, type Sending } from '../../settings/from-folder.ts';
import { type Flags, type Options, table, toHelp } from '../../settings/options.ts';
import { assertOfFolder } from '../../settings/private-file.ts';
import { UsageError } from '../../settings/usage-error.ts';
import { type Guards, readGuards } from '../../source/guards.ts';
import { CREDENTIAL, CREDENTIAL_HELP, chooseCredential } from '../credential.ts';
import { CODES_HELP, isScope, readKind, SCOPE_RULE, toGroupPaths } from '../visit.ts';

export type ApiOptions = Awaited<ReturnType<typeof readApiOptions>>;

const API = table(`
--client-id <id> | KEYCLOAK_CLIENT_ID | client (%s; with --yes the default is fastapi-keycloak)
--app <url> | | address of your API as browsers see it (default PUBLIC_URL, or http://localhost:PORT)
--backchannel-url <url> | | where Keycloak reports logouts (default <app>/backchannel-logout)
`);

const USER = table(`
--user <name> | SETUP_USER | user to create or complete (%s)
--name "<first> <last>" | | name, if the user has none
--email <address> | | email, if the user has none
--user-password-stdin | SETUP_PASSWORD | read the password from standard input, after the admin's (or %s)
--reset-password | | replace the password of a user who has one
--no-user | | make no user
`);

const NAMES = table(`
--role <name>… | | role of the realm
--client-role <name>… | | role of the client
--group <path>… | | group, for example /staff/dev
--scope <name>… | | client scope, for example orders:read: clients of the application can ask for it
--organizations | | tokens name the organizations of a person, where the login asks for organization:<alias>
--organization-groups | | the same, and the groups and roles of the person in them (Keycloak 26.6)
--from <folder> | | what guards in this source code name, too: roles, groups, scopes, organizations; the user does not get them. Nothing of it is run
`);

const PERMISSIONS = table(`
--authz <file> | | file of keycloak-guard authz, for example authz.json; what it has is created or changed, nothing is deleted. A program such as authz.ts is run to be read
`);

const RUNNING = table(`
--dry-run | | print the plan and stop
--yes | | apply without asking
--enable | | turn on a realm, client or user that is off
--overwrite-env | | replace values in the file with the settings that differ, without asking
--no-env | | write no file with the settings
`);

const OPTIONS = { ...ACCESS, ...CREDENTIAL, ...API, ...USER, ...NAMES, ...PERMISSIONS, ...RUNNING };

/** Nothing is called for a realm file, and nothing is there yet. */
const { enable: _, ...WRITING } = RUNNING;
const EXPORT = { ...ADDRESS, ...API, ...USER, ...NAMES, ...WRITING };

const TARGET_HELP = [
  toHelp(API, 'Your API'),
  toHelp(USER, 'User to log in with'),
  toHelp(NAMES, 'Roles and groups (each can be repeated; the user gets them)'),
].join('\n\n');

/** @param own the parts about the options of a kind alone */
export const toApiHelp = (...own: readonly string[]): string =>
  [
    ACCESS_HELP,
    ...own,
    TARGET_HELP,
    CREDENTIAL_HELP,
    toHelp(PERMISSIONS, "Permissions (the client's authorization services)"),
    toHelp(RUNNING, 'Running'),
    CODES_HELP,
  ].join('\n\n');

export const toExportHelp = (): string =>
  [ADDRESS_HELP, TARGET_HELP, toHelp(WRITING, 'Running'), CODES_HELP].join('\n\n');

interface Kind {
  readonly kind?: string;
  /** Options of this kind alone. */
  readonly more?: Options;
  readonly consent?: Consent;
}

/** @throws {UsageError} naming every option that is wrong, or what a file chose that nobody named */
export async function readApiOptions(
  args: string[],
  environment: NodeJS.ProcessEnv,
  { kind = 'guide', more = {}, consent = createConsent(undefined) }: Kind = {},
) {
  const own: Options = kind === 'export' ? EXPORT : { ...more, ...OPTIONS };
  const reading = await readKind(kind, args, own, { environment });
  const { positionals, settings, envFile, word } = reading;
  const flags = reading.flags as Flags<typeof OPTIONS>;
  if (envFile !== undefined && !reading.isEnvNamed) assertOfFolder(envFile, '--env');
  const source = flags.from === undefined ? undefined : await readGuards(flags.from);
  const read = readAccess({ flags, settings });
  // The realm file of an export, and a plan for an administrator, go nowhere.
  const goesNowhere = kind === 'export' || 'plan-for-admin' in flags;
  const ofSource = (name: 'realm' | 'clientId') => {
    const { [name]: value, file = '' } = source?.options ?? {};
    return value && !goesNowhere ? new FromFolder(name, value, join(flags.from ?? '', file)) : value;
  };
  const accessWords = { ...read, realm: read.realm ?? ofSource('realm') };
  const password = reading.secret('user-password-stdin');
  const all = {
    clientId: word('client-id') ?? ofSource('clientId'),
    clientSecret: settings('KEYCLOAK_CLIENT_SECRET'),
    publicUrl: settings('PUBLIC_URL'),
    port: settings('PORT'),
    username: word('user'),
    password: password?.value,
  };
  const problems = problemsOfAccess(accessWords);
  const isSent = !goesNowhere && problems.length === 0;
  const dryRun = flags['dry-run'] ?? false;
  // An API that only checks tokens has no sign-in.
  const withoutUser = flags['no-user'] ?? (kind === 'api' && all.username === undefined);
  const to = { serverUrl: accessWords.serverUrl, realm: accessWords.realm };
  const sendings: Sending[] = [
    ...(password === undefined || flags['no-user'] ? [] : [{ ...password, ...to, as: all.username }]),
    ...keyFileSendings(flags, to, all.clientId),
    ...credentialSendings(settings, to),
  ];
  const planned = [
    ...[all.clientId, all.clientSecret, flags.app === undefined ? all.publicUrl : undefined],
    ...(withoutUser ? [] : [all.username, all.password]),
  ];
  const { access, words, judged } = await openWords(
    consent,
    isSent ? accessWords : { ...accessWords, secret: undefined },
    all,
    { ...(isSent ? { sendings, planned } : {}), yes: (flags.yes ?? false) && !dryRun },
  );
  const { clientSecret: secret, publicUrl, port, username } = words;
  const isOwnSecret = secret !== undefined && !isPlaceholder(secret);
  const groups = toGroupPaths(flags.group);
  const appUrl = appUrlOf(flags.app, publicUrl, port);
  const backchannelUrl = flags['backchannel-url'] && toUri(flags['backchannel-url']);
  const shape: Shape = kind === 'web' ? 'web' : kind === 'api' || kind === 'app' ? 'api' : 'guide';
  const options = {
    shape,
    access,
    clientId: words.clientId,
    // A `.env` copied from the example: the service would not start with it.
    clientSecret: isOwnSecret ? secret : undefined,
    /** Where that is from, unless the person named the file. */
    secretSource: isOwnSecret && all.clientSecret instanceof FromFolder ? envFile : undefined,
    /** `undefined`: as it is, and a secret for a new client. */
    credential: await chooseCredential(flags),
    /** What is in use is tried, where no other one is chosen. */
    provenBy: await findCredentialFile(settings, consent),
    appUrl,
    isAppUrlGuessed: (flags.app ?? publicUrl ?? port) === undefined,
    /** The doctor and the next set-up read it in `.env`. An address that is there is the person's own, and `{tenant}` stands for several. */
    writesAppUrl:
      !/%7Btenant%7D/i.test(appUrl) &&
      (shape === 'web' || (shape === 'guide' && flags.app !== undefined && publicUrl === undefined)),
    /** An application that signs people in signs their session cookies. One that has a secret keeps it. */
    writesSession: shape !== 'api' && settings('SESSION_SECRET') === undefined,
    backchannelLogoutUrl: {
      url: backchannelUrl ?? `${appUrl}/backchannel-logout`,
      replace: backchannelUrl !== undefined,
    },
    user: {
      username,
      password: words.password,
      email: flags.email,
      name: flags.name,
      resetPassword: flags['reset-password'] ?? false,
    },
    withoutUser,
    realmRoles: flags.role ?? [],
    clientRoles: flags['client-role'] ?? [],
    groups,
    scopes: flags.scope ?? [],
    organizations: toOrganizationClaims(flags, source?.reads),
    /** Roles, groups and scopes that the guards of a folder name; the user does not get them. */
    guards: source,
    /** That folder. */
    from: flags.from,
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
    own: reading.flags as Readonly<Record<string, unknown>>,
  };
  problems.push(...problemsOf(options));
  if (problems.length > 0) throw new UsageError(problems);
  return options;
}

/** The credential in the settings that is no secret. */
async function findCredentialFile(settings: Settings, consent: Consent) {
  const files = CREDENTIAL_SETTING_NAMES.filter((name) => name.endsWith('_FILE'));
  const words = Object.fromEntries(files.map((name) => [name, settings(name)]));
  const paths: Readonly<Record<string, string | undefined>> = await consent.open(words, []);
  return files.some((name) => paths[name]) ? toCredential((name) => paths[name], undefined, '.') : undefined;
}

/** `undefined` for an API that reads nothing of organizations. */
function toOrganizationClaims(
  flags: Pick<Flags<typeof NAMES>, 'organizations' | 'organization-groups'>,
  reads: Guards['reads'] = {},
): OrganizationClaims | undefined {
  const groups = (flags['organization-groups'] ?? false) || (reads.groups ?? false);
  const isRead = groups || (flags.organizations ?? false) || (reads.organizations ?? false);
  return isRead ? { groups, ids: reads.ids ?? false } : undefined;
}

function problemsOf({
  appUrl,
  backchannelLogoutUrl,
  withoutUser,
  user,
  groups,
  scopes,
}: ApiOptions): string[] {
  const problems: string[] = [];
  if (!isAppUrl(appUrl)) problems.push(`--app (PUBLIC_URL) ${APP_URL_RULE}`);
  if (backchannelLogoutUrl.replace && !isHttpUrl(backchannelLogoutUrl.url))
    problems.push('--backchannel-url must be an http or https URL');
  if (!scopes.every(isScope)) problems.push(SCOPE_RULE);
  if (withoutUser && user.username !== undefined) problems.push('--no-user and --user exclude each other');
  if (groups.includes('/')) problems.push('--group must be a path, for example /staff/dev');
  return problems;
}

/** Whether the service proves itself with a secret: it is to, or nothing else is set. */
export const hasSecret = ({ credential, provenBy }: Pick<ApiOptions, 'credential' | 'provenBy'>): boolean =>
  credential === undefined ? provenBy === undefined : credential.goal.type === 'secret';
