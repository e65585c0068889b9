import { isServerUrl, mendServerUrl } from 'keycloak-guard/unstable';
import type { Settings } from '../settings/env-file.ts';
import { switches, values } from '../settings/flags.ts';
import { doubtOf } from './trust.ts';

/** Flags of every command that calls Keycloak's Admin API. Not `--env-file`: Node 20 reads that flag itself. */
export const DOOR_FLAGS = {
  ...values('url', 'realm', 'admin-user', 'admin-realm', 'admin-client-id', 'admin-totp', 'env'),
  ...switches('admin-password-stdin'),
} as const;

/** The part of `--help` about the address; with the admin's below. */
export const ADDRESS_USAGE = `Keycloak
  --url <url>               address of Keycloak (KEYCLOAK_SERVER_URL)
  --realm <name>            realm (KEYCLOAK_REALM)
  --env <file>              file with the settings (default .env)`;

export const DOOR_USAGE = `${ADDRESS_USAGE}

Admin
  --admin-user <name>       admin (KEYCLOAK_ADMIN_USER)
  --admin-realm <name>      realm of the admin (KEYCLOAK_ADMIN_REALM; default master)
  --admin-client-id <id>    service account instead of a person (KEYCLOAK_ADMIN_CLIENT_ID)
  --admin-totp <code>       one-time code, if the admin needs one
  --admin-password-stdin    read the password or secret from standard input
                            (or KEYCLOAK_ADMIN_PASSWORD, KEYCLOAK_ADMIN_CLIENT_SECRET)`;

/** Values of {@link DOOR_FLAGS}. */
export type DoorFlags = {
  readonly [F in keyof typeof DOOR_FLAGS]?:
    | ((typeof DOOR_FLAGS)[F]['type'] extends 'string' ? string : boolean)
    | undefined;
};

/** How a command gets to Keycloak, as far as that is known before a person is asked. */
export type Door = ReturnType<typeof readDoor>;

/** Flags win over the environment, the environment over the file. Passwords are never flags: other users see those. */
export function readDoor(flags: DoorFlags, settings: Settings, envFile: string | undefined) {
  const clientId = flags['admin-client-id'] ?? settings('KEYCLOAK_ADMIN_CLIENT_ID');
  const password = settings.find('KEYCLOAK_ADMIN_PASSWORD', 'KC_BOOTSTRAP_ADMIN_PASSWORD');
  const clientSecret = settings.find('KEYCLOAK_ADMIN_CLIENT_SECRET');
  const serverUrl = settings.find('KEYCLOAK_SERVER_URL');
  const readsPassword = flags['admin-password-stdin'] ?? false;
  const secret = readsPassword
    ? ({ name: '--admin-password-stdin', source: 'environment' } as const)
    : clientId === undefined
      ? password
      : clientSecret;
  return {
    serverUrl: flags.url ?? serverUrl?.value,
    realm: flags.realm ?? settings('KEYCLOAK_REALM'),
    admin: {
      realm: flags['admin-realm'] ?? settings('KEYCLOAK_ADMIN_REALM'),
      username:
        flags['admin-user'] ??
        settings('KEYCLOAK_ADMIN_USER', 'KC_BOOTSTRAP_ADMIN_USERNAME', 'KEYCLOAK_ADMIN'),
      password: password?.value,
      totp: flags['admin-totp'],
      clientId,
      clientSecret: clientSecret?.value,
    },
    /** Read the password or secret of the admin from standard input. */
    readsPassword,
    /** Why the password may not be sent without a question. */
    doubt: flags.url === undefined ? doubtOf(secret, serverUrl, envFile, flags.env !== undefined) : undefined,
  };
}

/** Mistakes in the address and the realm. An address that was copied from a browser is corrected later. */
export function problemsOfDoor({ serverUrl, realm }: Pick<Door, 'serverUrl' | 'realm'>): string[] {
  const problems: string[] = [];
  if (serverUrl !== undefined && !isHttpUrl(serverUrl)) {
    problems.push(
      '--url (KEYCLOAK_SERVER_URL) must be an http or https URL, for example http://localhost:8080',
    );
  } else if (hasCredentials(serverUrl)) problems.push(explainUrl(serverUrl));
  // `.` and `..` lead to other addresses, and Keycloak cannot delete a realm of such a name.
  if (/[/?#\\]|^\.{1,2}$/.test(realm ?? ''))
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

function hasCredentials(value = ''): boolean {
  return URL.canParse(value) && new URL(value).username + new URL(value).password !== '';
}
