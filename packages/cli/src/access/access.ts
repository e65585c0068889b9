import { CREDENTIAL_SETTING_NAMES } from '@keycloak-guard/server/config';
import { isServerUrl, mendServerUrl } from 'keycloak-guard/unstable';
import type { Settings } from '../settings/env-file.ts';
import { switches, values } from '../settings/flags.ts';
import { type Consent, FromFolder, type Sending } from '../settings/from-folder.ts';

/** Flags of every command that calls Keycloak's Admin API. Not `--env-file`: Node 20 reads that flag itself. */
export const ACCESS_FLAGS = {
  ...values('url', 'realm', 'admin-user', 'admin-realm', 'admin-client-id', 'admin-totp', 'env'),
  ...switches('admin-password-stdin'),
} as const;

export const ADDRESS_USAGE = `Keycloak
  --url <url>               address of Keycloak (KEYCLOAK_SERVER_URL)
  --realm <name>            realm (KEYCLOAK_REALM)
  --env <file>              file with the settings (default .env)`;

export const ACCESS_USAGE = `${ADDRESS_USAGE}

Admin
  --admin-user <name>       admin (KEYCLOAK_ADMIN_USER)
  --admin-realm <name>      realm of the admin (KEYCLOAK_ADMIN_REALM; default master)
  --admin-client-id <id>    service account instead of a person (KEYCLOAK_ADMIN_CLIENT_ID)
  --admin-totp <code>       one-time code, if the admin needs one
  --admin-password-stdin    read the password or secret from standard input
                            (or KEYCLOAK_ADMIN_PASSWORD, KEYCLOAK_ADMIN_CLIENT_SECRET)`;

export type AccessFlags = {
  readonly [F in keyof typeof ACCESS_FLAGS]?:
    | ((typeof ACCESS_FLAGS)[F]['type'] extends 'string' ? string : boolean)
    | undefined;
};

/** How a command gets to Keycloak, as far as that is known before a person is asked. */
export type Access = Awaited<ReturnType<typeof openAccess>>;

export type AccessWords = ReturnType<typeof readAccess>;

/** Flags win over the environment, the environment over the file. Passwords are never flags: other users see those. */
export function readAccess(flags: AccessFlags, settings: Settings) {
  const clientId = flags['admin-client-id'] ?? settings('KEYCLOAK_ADMIN_CLIENT_ID');
  const secret =
    clientId === undefined
      ? settings.find('KEYCLOAK_ADMIN_PASSWORD', 'KC_BOOTSTRAP_ADMIN_PASSWORD')
      : settings.find('KEYCLOAK_ADMIN_CLIENT_SECRET');
  return {
    serverUrl: flags.url ?? settings('KEYCLOAK_SERVER_URL'),
    realm: flags.realm ?? settings('KEYCLOAK_REALM'),
    adminRealm: flags['admin-realm'] ?? settings('KEYCLOAK_ADMIN_REALM') ?? 'master',
    username:
      flags['admin-user'] ?? settings('KEYCLOAK_ADMIN_USER', 'KC_BOOTSTRAP_ADMIN_USERNAME', 'KEYCLOAK_ADMIN'),
    clientId,
    secret: flags['admin-password-stdin'] ? { name: '--admin-password-stdin', value: undefined } : secret,
    totp: flags['admin-totp'],
    readsPassword: flags['admin-password-stdin'] ?? false,
  };
}

export function adminSendings(words: AccessWords): Sending[] {
  const { secret, serverUrl, adminRealm: realm, clientId, username } = words;
  return secret === undefined ? [] : [{ ...secret, serverUrl, realm, as: clientId ?? username }];
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

/**
 * The same, after the person agreed to where the password goes.
 *
 * @param more what else the command sends
 * @throws {UsageError} where it needs a question and there is no terminal
 */
export async function openAccess(accessWords: AccessWords, consent: Consent, more: readonly Sending[] = []) {
  const { serverUrl, realm, adminRealm, username, clientId, secret, totp, readsPassword } = accessWords;
  const words = { serverUrl, realm, adminRealm, username, clientId, secret: secret?.value };
  const opened = await consent.open(words, [...adminSendings(accessWords), ...more]);
  return { ...opened, totp, readsPassword };
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
