import type { AdminCredentials } from '../admin/index.ts';
import { call } from '../keycloak/call.ts';
import { findServer, judgeServer, trimUrl } from '../keycloak/server.ts';
import { networkZoneOf } from '../settings/address.ts';
import { UsageError } from '../settings/usage-error.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { type Access, problemsOfAccess } from './access.ts';

export interface Entry {
  readonly serverUrl: string;
  readonly credentials: AdminCredentials;
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
export async function enter(
  access: Access,
  secret: string | undefined,
  need: Need,
  out: Output,
): Promise<Entry> {
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
  if (isReadable(serverUrl)) {
    out.line(
      `! ${serverUrl}: plain HTTP. Everybody on the way can read the password of the admin, and all that it opens. Give an https:// address, if there is one.`,
    );
  }
  const master = await call(`${serverUrl}/realms/master`, {}, TIMEOUT_MS);
  if (/realm does not exist/i.test(String(master.json?.error))) {
    throw new Error(
      `${serverUrl}: this is keycloak-guard's embedded provider (or a Keycloak without realm master): it has no Admin API.\n` +
        'Stop it, start a Keycloak (npm run keycloak), run setup again.',
    );
  }
  return serverUrl;
}

/** Warns over a network only: inside one machine or one Docker network plain HTTP is common. */
function isReadable(serverUrl: string): boolean {
  const { protocol, hostname } = new URL(serverUrl);
  return protocol === 'http:' && networkZoneOf(hostname) === 'public';
}
