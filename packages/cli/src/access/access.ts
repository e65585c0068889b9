import { CREDENTIAL_SETTING_NAMES } from '@keycloak-guard/server/config';
import { isServerUrl, mendServerUrl } from 'keycloak-guard/unstable';
import type { Settings } from '../settings/env-file.ts';
import { type Consent, FromFolder, type Sending, type Word, type Words } from '../settings/from-folder.ts';
import { createReader, type Flags, table, toHelp } from '../settings/options.ts';

const ADDRESS = table(`
--url <url> | KEYCLOAK_SERVER_URL | address of Keycloak (%s)
--realm <name> | KEYCLOAK_REALM | realm (%s)
--env <file> | | file with the settings (default .env)
`);

/** An admin, of whom it is known beforehand that a password is not typed. */
export const ADMIN = table(`
--admin-user <name> | KEYCLOAK_ADMIN_USER, KC_BOOTSTRAP_ADMIN_USERNAME, KEYCLOAK_ADMIN | admin (%s)
--admin-realm <name> | KEYCLOAK_ADMIN_REALM | realm of the admin (%s; default master)
--admin-client-id <id> | KEYCLOAK_ADMIN_CLIENT_ID | service account instead of a person (%s)
--admin-totp <code> | | one-time code, if the admin needs one
`);

const FROM_STDIN = table(`
--admin-password-stdin | | read the password or secret from standard input (or KEYCLOAK_ADMIN_PASSWORD, KEYCLOAK_ADMIN_CLIENT_SECRET)
`);

/** Options of every command that calls Keycloak's Admin API. */
export const ACCESS = { ...ADDRESS, ...ADMIN, ...FROM_STDIN };

export const ADDRESS_HELP = toHelp(ADDRESS, 'Keycloak');
export const ACCESS_HELP = `${ADDRESS_HELP}\n\n${toHelp({ ...ADMIN, ...FROM_STDIN }, 'Admin')}`;

/** How a command gets to Keycloak, as far as that is known before a person is asked. */
export type Access = Awaited<ReturnType<typeof openWords>>['access'];

export type AccessWords = ReturnType<typeof readAccess>;

export function readAccess({
  flags,
  settings,
}: {
  readonly flags: Flags<typeof ACCESS>;
  readonly settings: Settings;
}) {
  const { word } = createReader(ACCESS, flags, settings);
  const clientId = word('admin-client-id');
  const readsPassword = flags['admin-password-stdin'] ?? false;
  const secret =
    clientId === undefined
      ? settings.find('KEYCLOAK_ADMIN_PASSWORD', 'KC_BOOTSTRAP_ADMIN_PASSWORD')
      : settings.find('KEYCLOAK_ADMIN_CLIENT_SECRET');
  return {
    serverUrl: word('url'),
    realm: word('realm'),
    adminRealm: word('admin-realm') ?? 'master',
    username: word('admin-user'),
    clientId,
    secret: readsPassword ? { name: '--admin-password-stdin', value: undefined } : secret,
    totp: flags['admin-totp'],
    readsPassword,
  };
}

export function credentialSendings(settings: Settings, to: Pick<Sending, 'serverUrl' | 'realm'>): Sending[] {
  const entries = CREDENTIAL_SETTING_NAMES.map((name) => settings.find(name));
  const json = settings.find('KEYCLOAK_CONFIG_FILE');
  // Its secret is the folder's own, unless the file is elsewhere.
  const all = [...entries, json?.value instanceof FromFolder ? json : undefined];
  const as = settings('KEYCLOAK_CLIENT_ID');
  return all.flatMap((one) => (one === undefined ? [] : [{ ...one, ...to, as }]));
}

/** A private key that is tried: an assertion that it signs is good at another Keycloak, where this one says that it has its name. */
export function keyFileSendings(
  { 'key-file': value }: { readonly 'key-file'?: string | undefined },
  to: Pick<Sending, 'serverUrl' | 'realm'>,
  as: Sending['as'],
): Sending[] {
  return value === undefined ? [] : [{ name: '--key-file', value, ...to, as }];
}

interface Use {
  /** Secrets that the command sends, beside that of the admin. */
  readonly sendings?: readonly Sending[];
  /** Words that its plan is made of, beside how it gets to Keycloak. `undefined`: it changes nothing. */
  readonly planned?: readonly (Word | undefined)[] | undefined;
  /** Whether the plan is agreed to beforehand. */
  readonly yes?: boolean;
}

/**
 * Opens the words of a command, after the person agreed to where secrets go.
 *
 * @throws {UsageError} where it needs a question and there is no terminal
 */
export async function openWords<W extends Words>(
  consent: Consent,
  { secret, totp, readsPassword, ...rest }: AccessWords,
  words: W,
  { sendings = [], planned, yes = false }: Use = {},
) {
  const { serverUrl, realm, adminRealm, clientId, username } = rest;
  const own = secret && { ...secret, serverUrl, realm: adminRealm, as: clientId ?? username };
  const all = own === undefined ? sendings : [own, ...sendings];
  const opened = await consent.open({ ...rest, secret: secret?.value }, all);
  const judged = consent.judge(planned === undefined ? [] : [serverUrl, realm, ...planned], serverUrl, yes);
  return {
    access: { ...opened, totp, readsPassword },
    words: await consent.open(words, []),
    /** Values from a file that the person did not name, and whether the plan needs no question. */
    judged,
  };
}

/**
 * Mistakes in the address and the realm, as far as the person chose them; the others are looked at when they are open. An address that
 * was copied from a browser is corrected later.
 */
export function problemsOfAccess({ serverUrl, realm }: Pick<AccessWords, 'serverUrl' | 'realm'>): string[] {
  const problems: string[] = [];
  if (typeof serverUrl === 'string' && !isHttpUrl(serverUrl)) {
    problems.push(
      '--url (KEYCLOAK_SERVER_URL) must be an http or https URL, for example http://localhost:8080',
    );
  } else if (typeof serverUrl === 'string' && hasCredentials(serverUrl)) problems.push(explainUrl(serverUrl));
  // `.` and `..` lead to other addresses, and Keycloak cannot delete a realm of such a name.
  if (typeof realm === 'string' && /[/?#\\]|^\.{1,2}$/.test(realm))
    problems.push('--realm (KEYCLOAK_REALM) must be the name of a realm');
  return problems;
}

/** The same for an address that is written into a file without a call. */
export function problemsOfWrittenUrl(serverUrl: string | undefined): string[] {
  return isServerUrl(serverUrl ?? 'http://x') ? [] : [explainUrl(serverUrl)];
}

function explainUrl(serverUrl: string | undefined): string {
  const example = mendServerUrl(serverUrl) ?? 'http://localhost:8080';
  return `--url (KEYCLOAK_SERVER_URL) must be an http or https URL without /realms/…, query or credentials, for example ${example}`;
}

export function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

function hasCredentials(value: string): boolean {
  return URL.canParse(value) && new URL(value).username + new URL(value).password !== '';
}
