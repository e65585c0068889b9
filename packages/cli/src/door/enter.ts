import type { AdminCredentials } from '../admin/index.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { locate } from './locate.ts';
import type { Need } from './need.ts';
import type { Door } from './options.ts';
import { settleDoubt } from './trust.ts';

/** Keycloak's address and the admin who calls it. */
export interface Entry {
  readonly serverUrl: string;
  readonly credentials: AdminCredentials;
}

/** Asks for a missing address of Keycloak. */
export const needServerUrl = ({ serverUrl }: Pick<Door, 'serverUrl'>, need: Need): Promise<string> =>
  need(
    serverUrl,
    (questions) => questions.text('Address of Keycloak', 'http://localhost:8080'),
    'the address of Keycloak is missing: give --url or KEYCLOAK_SERVER_URL, for example http://localhost:8080',
  );

/**
 * Finds Keycloak and gets to know the admin. No password leaves before the person has seen the address, or chose it.
 *
 * @param secret password or secret from standard input
 */
export async function enter(
  door: Door,
  secret: string | undefined,
  need: Need,
  out: Output,
  questions: Questions | undefined,
): Promise<Entry> {
  if (door.doubt !== undefined) await settleDoubt(door.doubt, questions);
  const given = await needServerUrl(door, need);
  const serverUrl = given === '' ? '' : await locate(given, door.realm ?? 'master', out);
  return { serverUrl, credentials: await needAdmin(door, secret, serverUrl, need) };
}

async function needAdmin(
  { admin }: Door,
  secret: string | undefined,
  serverUrl: string,
  need: Need,
): Promise<AdminCredentials> {
  const realm = admin.realm ?? 'master';
  const { clientId } = admin;
  if (clientId !== undefined) {
    const clientSecret = await need(
      secret ?? admin.clientSecret,
      (questions) => questions.secret(`Secret of the admin client ${clientId} at ${serverUrl}`),
      'the secret of the admin client is missing: set KEYCLOAK_ADMIN_CLIENT_SECRET, or use --admin-password-stdin',
    );
    return { realm, clientId, clientSecret };
  }
  const username = await need(
    admin.username,
    (questions) => questions.text('Admin user of Keycloak', 'admin'),
    'the admin is missing: give --admin-user or KEYCLOAK_ADMIN_USER (or --admin-client-id for a service account)',
  );
  const password = await need(
    secret ?? admin.password,
    (questions) => questions.secret(`Password of ${username} at ${serverUrl}`),
    "the admin's password is missing: set KEYCLOAK_ADMIN_PASSWORD, or use --admin-password-stdin",
  );
  return { realm, username, password, totp: admin.totp };
}
