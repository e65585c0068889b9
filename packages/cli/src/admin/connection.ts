import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js';
import type UserRepresentation from '@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js';
import { fetchWithError } from '@keycloak/keycloak-admin-client/lib/utils/fetchWithError.js';
import { createSingleFlight, toJsonObject, withoutEndSlashes } from 'keycloak-guard/unstable';
import { AdminError, lackOfAdminApi, toAdminError } from './admin-error.ts';
import { readBody } from './internal.ts';

/** The caller of the Admin API: a person (of the realm `master`, or only of one realm), or a service account. */
export type AdminCredentials =
  | {
      readonly realm: string;
      readonly username: string;
      readonly password: string;
      readonly totp?: string | undefined;
    }
  | { readonly realm: string; readonly clientId: string; readonly clientSecret: string };

interface AdminOptions {
  /** Keycloak's address, with or without a path such as `/auth`. */
  readonly serverUrl: string;
  readonly credentials: AdminCredentials;
  /** Bound on every call. Unit: milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Time now. Unit: milliseconds since 1970. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

export interface AdminConnection {
  readonly api: AdminClient;
  /** When Keycloak says the first token was issued. Unit: seconds since 1970. */
  readonly issuedAt: number;
  /** When that token arrived here. Unit: milliseconds since 1970. */
  readonly receivedAt: number;
}

/**
 * Logs in to the Admin API. The token of `admin-cli` lives a minute, and a service account gets no refresh token,
 * so a new one is fetched with the same credentials whenever it is about to expire.
 */
export async function connectAdmin(options: AdminOptions): Promise<AdminConnection> {
  const { credentials, timeoutMs: timeout = 30_000, clock = Date.now } = options;
  const baseUrl = withoutEndSlashes(options.serverUrl);
  // A 307 would send the password to another address.
  const requestOptions = { redirect: 'manual' } as const;
  const settings = { baseUrl, realmName: credentials.realm, timeout, requestOptions };
  // It loads over two hundred files, and most commands do without.
  const { default: AdminClient } = await import('@keycloak/keycloak-admin-client');
  boundAnswers();
  let expiresAt = 0;
  let token = '';

  async function login(): Promise<string> {
    // A separate client: `auth` on the shared one would make it refresh tokens by itself.
    const loginClient = new AdminClient(settings);
    await loginClient.auth(
      'username' in credentials
        ? {
            grantType: 'password',
            clientId: 'admin-cli',
            username: credentials.username,
            password: credentials.password,
            ...(credentials.totp === undefined ? {} : { totp: credentials.totp }),
          }
        : {
            grantType: 'client_credentials',
            clientId: credentials.clientId,
            clientSecret: credentials.clientSecret,
          },
    );
    token = loginClient.accessToken ?? '';
    expiresAt = clock() + (claimOf(token, 'exp') - claimOf(token, 'iat') - 15) * 1000;
    return token;
  }

  try {
    await login();
  } catch (error) {
    const who = 'username' in credentials ? credentials.username : `the client ${credentials.clientId}`;
    const failure = toAdminError(error, `log ${who} in at the realm ${credentials.realm}`);
    throw (credentials.realm === 'master' && lackOfAdminApi(baseUrl, failure.answer)) || failure;
  }
  const receivedAt = clock();
  const api = new AdminClient(settings);
  const once = createSingleFlight<string>();
  api.registerTokenProvider({
    getAccessToken: async () => (clock() < expiresAt ? token : once('login', login)),
  });
  return { api, issuedAt: claimOf(token, 'iat'), receivedAt };
}

/** Longer answers are cut. A list of all clients of a large realm has some MiB. Unit: bytes. */
const LONGEST_ANSWER = 64 * 1024 * 1024;
let bound: typeof fetch | undefined;

/**
 * The admin client reads whole answers of the global `fetch` and takes no other one: who answers may be anybody, and never stop. It takes a
 * page for an object.
 */
function boundAnswers(): void {
  const { fetch } = globalThis;
  if (fetch === bound) return;
  globalThis.fetch = bound = async (input, init) => {
    const response = await fetch(input, init);
    if (response.body === null) return response;
    let bytes = 0;
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes > LONGEST_ANSWER) controller.error(new Error('the answer is larger than 64 MiB'));
        else controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    if (
      status === 200 &&
      /\/admin\/realms/.test(response.url) &&
      !/json/.test(headers.get('content-type') ?? '')
    ) {
      await response.body.cancel();
      throw new SyntaxError('the answer is not JSON');
    }
    return new Response(response.body.pipeThrough(counted), { status, statusText, headers });
  };
}

function claimOf(token: string, claim: 'exp' | 'iat'): number {
  const payload = toJsonObject(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return Number(payload?.[claim] ?? 0);
}

export async function findRealm(
  api: AdminClient,
  realm: string,
  hint = 'look at --realm',
): Promise<RealmRepresentation> {
  const there = await api.realms.findOne({ realm });
  if (!there) throw new AdminError('missing', 404, `There is no realm ${realm}: ${hint}`);
  return there;
}

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

/**
 * The roles that a user has, composite ones too.
 *
 * @param clientIds the clients whose roles are wanted beside those of the realm
 * @param toName writes the role of a client
 */
export async function rolesOf(
  api: AdminClient,
  { realm, id }: { readonly realm: string; readonly id: string },
  clientIds: Iterable<string>,
  toName: (clientId: string, role: string) => string,
): Promise<Set<string>> {
  const ofRealm = await api.users.listCompositeRealmRoleMappings({ realm, id });
  const roles = new Set(ofRealm.map(({ name = '' }) => name));
  for (const clientId of new Set(clientIds)) {
    const clientUniqueId = (await findClient(api, realm, clientId))?.id;
    if (clientUniqueId === undefined) continue;
    const ofClient = await api.users.listCompositeClientRoleMappings({ realm, id, clientUniqueId });
    for (const { name = '' } of ofClient) roles.add(toName(clientId, name));
  }
  return roles;
}

/** The name of a group, and the path of the one above it: empty where there is none. */
export function splitGroupPath(path: string): { readonly parent: string; readonly name: string } {
  const at = path.lastIndexOf('/');
  return { parent: path.slice(0, at), name: path.slice(at + 1) };
}

/** The path of a group as Keycloak reads it in an address: of encoded names. */
export const toUrlPath = (path: string): string =>
  path.split('/').filter(Boolean).map(encodeURIComponent).join('/');

/** The group at a full path, or nothing. (The admin client would send the slashes encoded, and Keycloak refuses that.) */
export async function findGroup(
  api: AdminClient,
  realm: string,
  path: string,
): Promise<{ id: string; path: string } | undefined> {
  const url = `${api.baseUrl}/admin/realms/${encodeURIComponent(realm)}/group-by-path/${toUrlPath(path)}`;
  const response = await read('see the groups', async () =>
    fetchWithError(url, {
      headers: { authorization: `Bearer ${await api.getAccessToken()}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(api.timeout ?? 10_000),
    }),
  );
  return response && (toJsonObject(await readBody(response)) as { id: string; path: string } | undefined);
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
