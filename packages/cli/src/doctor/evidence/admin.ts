import type { UserProfileAttribute } from '@keycloak/keycloak-admin-client/lib/defs/userProfileMetadata.js';
import { AdminError, toAdminError } from '../../admin/admin-error.ts';
import {
  type AdminConnection,
  type AdminCredentials,
  connectAdmin,
  findClient,
  findUser,
  read,
} from '../../admin/connection.ts';
import { memo } from '../../keycloak/call.ts';

export function isRequiredOf(
  { required, selector }: UserProfileAttribute,
  scopes: readonly string[],
): boolean {
  if (required === undefined || !(required.roles?.includes('user') ?? true)) return false;
  return [required.scopes, selector?.scopes].every(
    (list) => list === undefined || list.length === 0 || list.some((scope) => scopes.includes(scope)),
  );
}

/**
 * Settings that only an admin can see. Each is read once. `undefined`: it does not exist, for example no user of that name. All
 * methods reject with an {@link AdminError} if this admin may not look.
 */
export type AdminEvidence = ReturnType<typeof createAdminEvidence>;

interface Where {
  readonly serverUrl: string;
  readonly realm: string;
  readonly clientId: string;
  readonly timeoutMs: number;
  readonly username: string | undefined;
}

export function createAdminEvidence(where: Where, credentials: AdminCredentials) {
  const { serverUrl, realm, clientId, timeoutMs, username } = where;
  const connection = memo(() => connectAdmin({ serverUrl, credentials, timeoutMs }));
  type Api = AdminConnection['api'];
  async function look<T>(doing: string, get: (api: Api) => Promise<T>): Promise<T | undefined> {
    const { api } = await connection();
    return read(doing, () => get(api));
  }
  const once = <T>(doing: string, get: (api: Api) => Promise<T>) => memo(() => look(doing, get));

  const client = once('see the clients', (api) => findClient(api, realm, clientId));
  const user = once('see the user', async (api) => {
    const match = username === undefined ? undefined : await findTheUser(api, realm, username);
    return match?.id === undefined ? undefined : api.users.findOne({ realm, id: match.id });
  });
  const userId = async () => (await user())?.id ?? '';
  const theRealm = once('see the realm', (api) => api.realms.findOne({ realm }));
  const profile = once('see the user profile', (api) => api.users.getProfile({ realm }).catch(toNothing));
  const allRealms = once('see the realms', (api) => api.realms.find({ briefRepresentation: true }));
  const realms = async () => ((await allRealms()) ?? []).map((one) => one.realm ?? '');

  async function inOtherRealms(has: (api: Api, other: string) => Promise<boolean>): Promise<string[]> {
    const { api } = await connection();
    const match: string[] = [];
    for (const other of (await realms()).slice(0, 50)) {
      if (other !== realm && (await has(api, other).catch(() => false))) match.push(other);
    }
    return match;
  }

  return {
    connection,
    realms,
    realm: theRealm,
    async clientIds() {
      const list = await look('see the clients', (api) => api.clients.find({ realm, max: 200 }));
      return (list ?? []).map((one) => one.clientId ?? '');
    },
    client,
    /** Other realms that have a client with this id. Examines at most fifty realms. */
    realmsOfClient: () =>
      inOtherRealms(async (api, other) => (await findClient(api, other, clientId)) !== undefined),
    /** Other realms that have a user with this name. Examines at most fifty realms. */
    realmsOfUser: () =>
      inOtherRealms(
        async (api, other) =>
          username !== undefined && (await findTheUser(api, other, username)) !== undefined,
      ),
    user,
    async credentials() {
      const id = await userId();
      return (await look('see the credentials', (api) => api.users.getCredentials({ realm, id }))) ?? [];
    },
    attack: memo(async () => {
      const id = await userId();
      const state = await look('see failed logins', (api) => api.attackDetection.findOne({ realm, id }));
      return (state ?? {}) as { disabled?: boolean; numFailures?: number; failedLoginNotBefore?: number };
    }),
    requiredAttributes: memo(async () => {
      const scopes = (await client())?.defaultClientScopes ?? [];
      return ((await profile())?.attributes ?? [])
        .filter((one) => isRequiredOf(one, scopes))
        .map(({ name }) => name ?? '');
    }),
    flow: memo(async () => {
      const flowId = (await client())?.authenticationFlowBindingOverrides?.direct_grant;
      const bound = flowId
        ? (await look('see the flows', (api) => api.authenticationManagement.getFlow({ realm, flowId })))
            ?.alias
        : (await theRealm())?.directGrantFlow;
      const alias = bound ?? 'direct grant';
      const steps = await look('see the flows', (api) =>
        api.authenticationManagement.getExecutions({ realm, flow: alias }),
      );
      return { alias, steps: steps ?? [], isOverride: Boolean(flowId) };
    }),
    /** Directories. Whether Keycloak reaches one is `undefined` if Keycloak cannot tell. Changes nothing. */
    federations: memo(async () => {
      const type = 'org.keycloak.storage.UserStorageProvider';
      const list = await look('see the federation', (api) => api.components.find({ realm, type }));
      return (list ?? [])
        .filter(({ config }) => config?.enabled?.[0] !== 'false')
        .map(({ id = '', name = '', providerId = '', config }) => {
          const url = String(config?.connectionUrl?.[0] ?? providerId);
          const isReached = async () =>
            providerId === 'ldap' ? reaches((await connection()).api, realm, url, id) : undefined;
          return { name, url, isReached: memo(isReached) };
        });
    }),
    keys: async () => (await look('see the keys', (api) => api.realms.getKeys({ realm })))?.keys ?? [],
    policies: memo(async () => {
      const list = await look('see the client policies', (api) => api.clientPolicies.listPolicies({ realm }));
      return (list?.policies ?? []).filter((one) => one.enabled).map((one) => one.name ?? '');
    }),
    /** Names of the enabled workflows. None before Keycloak 26.4, or with the feature off. */
    workflows: memo(async () => {
      const list = await look('see the workflows', (api) => api.workflows.find({ realm }));
      return ((list ?? []) as { name?: string; enabled?: boolean }[])
        .filter(({ enabled }) => enabled !== false)
        .map(({ name = '' }) => name);
    }),
    /** Claims of the token that this client would get for the user. Keycloak makes it without a login. */
    exampleClaims: memo(async () => {
      const [id, uid] = [(await client())?.id, await userId()];
      if (id === undefined || uid === '') return undefined;
      const claims = await look('make an example token', (api) =>
        api.clients.evaluateGenerateAccessToken({ realm, id, userId: uid, scope: 'openid', audience: '' }),
      );
      return claims as Record<string, unknown> | undefined;
    }),
  };
}

/** Keycloak's own test of the connection to a directory. `undefined` if it cannot tell. */
async function reaches(
  api: AdminConnection['api'],
  realm: string,
  connectionUrl: string,
  componentId: string,
): Promise<boolean | undefined> {
  const test = { action: 'testConnection', connectionUrl, componentId, connectionTimeout: '3000' };
  try {
    await api.realms.testLDAPConnection({ realm }, test);
    return true;
  } catch (error) {
    return toAdminError(error, 'reach the directory').status === 400 ? false : undefined;
  }
}

async function findTheUser(api: AdminConnection['api'], realm: string, username: string) {
  const byName = await findUser(api, realm, username);
  if (byName !== undefined || !username.includes('@')) return byName;
  return (await api.users.find({ realm, email: username, exact: true }))[0];
}

/** In Keycloak 22 and 23 the user profile is a preview: if off, it is missing or "not implemented". */
function toNothing(error: unknown): undefined {
  const reason = toAdminError(error, 'see the user profile');
  if (reason instanceof AdminError && reason.kind === 'forbidden') throw error;
  return undefined;
}
