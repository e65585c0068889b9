import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js';
import type UserRepresentation from '@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js';
import { fetchWithError } from '@keycloak/keycloak-admin-client/lib/utils/fetchWithError.js';
import { AdminError, toAdminError } from './admin-error.ts';
import { readJson } from './read-json.ts';

/** @throws {AdminError} if there is no such realm; `hint` says what to do then */
export async function findRealm(
  api: AdminClient,
  realm: string,
  hint = 'look at --realm',
): Promise<RealmRepresentation> {
  const there = await api.realms.findOne({ realm });
  if (!there) throw new AdminError('missing', 404, `There is no realm ${realm}: ${hint}`);
  return there;
}

/** The client with exactly this client id. */
export async function findClient(
  api: AdminClient,
  realm: string,
  clientId: string,
): Promise<ClientRepresentation | undefined> {
  return (await api.clients.find({ realm, clientId })).find((one) => one.clientId === clientId);
}

/** The user with exactly this name, or nothing. Keycloak keeps user names in lower case. */
export async function findUser(
  api: AdminClient,
  realm: string,
  username: string,
): Promise<UserRepresentation | undefined> {
  const list = await read('see the users', () => api.users.find({ realm, username, exact: true }));
  return list?.find((one) => one.username === username.toLowerCase() || one.username === username);
}

/** The group at a full path, or nothing. (The admin client would send the slashes encoded, and Keycloak refuses that.) */
export async function findGroup(
  api: AdminClient,
  realm: string,
  path: string,
): Promise<{ id: string; path: string } | undefined> {
  const encoded = path.split('/').filter(Boolean).map(encodeURIComponent).join('/');
  const url = `${api.baseUrl}/admin/realms/${encodeURIComponent(realm)}/group-by-path/${encoded}`;
  const response = await read('see the groups', async () =>
    fetchWithError(url, {
      headers: { authorization: `Bearer ${await api.getAccessToken()}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(api.timeout ?? 10_000),
    }),
  );
  return response && ((await readJson(response)) as { id: string; path: string } | undefined);
}

/** `undefined` for what does not exist. Every other failure is thrown. */
export async function read<T>(doing: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return (await call()) ?? undefined;
  } catch (error) {
    const reason = toAdminError(error, doing);
    if (reason.kind === 'missing') return undefined;
    throw reason;
  }
}
