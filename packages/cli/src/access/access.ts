import { CREDENTIAL_SETTING_NAMES } from '@keycloak-guard/server/config';
import { isServerUrl, mendServerUrl } from 'keycloak-guard/unstable';
import { lackOfAdminApi } from '../admin/admin-error.ts';
import type { AdminCredentials } from '../admin/connection.ts';
import { call } from '../keycloak/call.ts';
import { findServer, judgeServer, trimUrl } from '../keycloak/server.ts';
import { networkZoneOf } from '../settings/address.ts';
import type { Settings } from '../settings/env-file.ts';
import { type Consent, FromFolder, type Sending, type Word, type Words } from '../settings/from-folder.ts';
import { type Flags, table, toHelp } from '../settings/options.ts';
import { createReader } from '../settings/read-options.ts';
import { UsageError } from '../settings/usage-error.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';

export const ADDRESS = table(`
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

type AccessWords = ReturnType<typeof readAccess>;

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

/** Gets what a command needs to know: it is known, or a person is asked, or it is reported as missing. */
export type Need = ReturnType<typeof createNeed>;

export function createNeed(questions: Questions | undefined) {
  const problems: string[] = [];
  /** @returns an empty string if it is missing; `assertAll` then throws */
  const need = async (
    known: string | undefined,
    ask: (questions: Questions) => Promise<string>,
    missing: string,
  ) => {
    if (known !== undefined && known !== '') return known;
    if (questions !== undefined) return ask(questions);
    problems.push(missing);
    return '';
  };
  /** @throws {UsageError} naming everything that is missing */
  const assertAll = () => {
    if (problems.length > 0) throw new UsageError(problems);
  };
  return Object.assign(need, { assertAll });
}

export const needServerUrl = (serverUrl: string | undefined, need: Need): Promise<string> =>
  need(
    serverUrl,
    (questions) => questions.text('Address of Keycloak', 'http://localhost:8080'),
    'the address of Keycloak is missing: give --url or KEYCLOAK_SERVER_URL, for example http://localhost:8080',
  );

/**
 * Finds Keycloak and gets to know the admin. Each question for a password says whose it is, of which realm, and who gets it.
 *
 * @param secret password or secret from standard input
 */
export async function enter(access: Access, secret: string | undefined, need: Need, out: Output) {
  const address = await needServerUrl(access.serverUrl, need);
  const serverUrl = address === '' ? '' : await locate(address, access.realm ?? 'master', out);
  return { serverUrl, credentials: await needAdmin(access, secret, serverUrl, need) };
}

async function needAdmin(
  { adminRealm: realm, clientId, username: known, secret, totp }: Access,
  fromStdin: string | undefined,
  serverUrl: string,
  need: Need,
): Promise<AdminCredentials> {
  const where = `realm ${realm}, at ${serverUrl}`;
  if (clientId !== undefined) {
    const clientSecret = await need(
      fromStdin ?? secret,
      (questions) => questions.secret(`Secret of the admin client ${clientId} (${where})`),
      'the secret of the admin client is missing: set KEYCLOAK_ADMIN_CLIENT_SECRET, or use --admin-password-stdin',
    );
    return { realm, clientId, clientSecret };
  }
  const username = await need(
    known,
    (questions) => questions.text(`Admin user of Keycloak (${where})`, 'admin'),
    'the admin is missing: give --admin-user or KEYCLOAK_ADMIN_USER (or --admin-client-id for a service account)',
  );
  const password = await need(
    fromStdin ?? secret,
    (questions) => questions.secret(`Password of ${username} (${where})`),
    "the admin's password is missing: set KEYCLOAK_ADMIN_PASSWORD, or use --admin-password-stdin",
  );
  return { realm, username, password, totp };
}

const TIMEOUT_MS = 30_000;

/**
 * Finds Keycloak before a person types a password. People copy addresses from the browser: if Keycloak answers at a
 * similar address of the same host, that one is used and shown.
 *
 * @returns the address without a slash at the end
 * @throws {UsageError} if it is not an address
 * @throws {Error} if Keycloak does not answer, in words for the person at the terminal
 */
export async function locate(address: string, realm: string, out: Output): Promise<string> {
  const problems = problemsOfAccess({ serverUrl: address, realm });
  if (problems.length > 0) throw new UsageError(problems);
  out.progress('looking for Keycloak');
  const server = await findServer(address, realm, TIMEOUT_MS);
  const serverUrl = server.elsewhere ?? trimUrl(address);
  if (server.elsewhere !== undefined) {
    out.line(`Keycloak is not at ${address} but at ${serverUrl}: that is used.`);
  } else if (!server.isKeycloak) {
    const { cause, fix } = await judgeServer(server, { serverUrl, timeoutMs: TIMEOUT_MS });
    throw new Error(`${cause}\n${fix}`);
  }
  if (isReadable(serverUrl))
    out.line(
      `! ${serverUrl}: plain HTTP. Everybody on the way can read the password of the admin, and all that it opens. Give an https:// address, if there is one.`,
    );
  const master = await call(`${serverUrl}/realms/master`, {}, TIMEOUT_MS);
  const lack = lackOfAdminApi(serverUrl, master.json?.error);
  if (lack !== undefined) throw lack;
  return serverUrl;
}

/** Warns over a network only: inside one machine or one Docker network plain HTTP is common. */
function isReadable(serverUrl: string): boolean {
  const { protocol, hostname } = new URL(serverUrl);
  return protocol === 'http:' && networkZoneOf(hostname) === 'public';
}
