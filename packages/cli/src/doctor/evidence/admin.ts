import type UserRepresentation from '@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js';
import {
  type AdminConnection,
  type AdminCredentials,
  AdminError,
  connectAdmin,
  findClient,
  findUser,
  read,
  toAdminError,
} from '../../admin/index.ts';
import { memo } from '../../keycloak/call.ts';

export interface ProfileAttribute {
  readonly name?: string;
  readonly multivalued?: boolean;
  readonly validations?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly permissions?: { readonly edit?: readonly string[] };
  readonly required?: { readonly roles?: readonly string[]; readonly scopes?: readonly string[] };
  readonly selector?: { readonly scopes?: readonly string[] };
}

export function isRequiredOf({ required, selector }: ProfileAttribute, scopes: readonly string[]): boolean {
  if (required === undefined || !(required.roles?.includes('user') ?? true)) return false;
  return [required.scopes, selector?.scopes].every(
    (list) => list === undefined || list.length === 0 || list.some((scope) => scopes.includes(scope)),
  );
}

/** Keycloak's bound for attributes outside the user profile. Unit: characters. */
const MAX_UNMANAGED = 2048;

type Rule = (value: string, options: Readonly<Record<string, unknown>>) => string | undefined;

/** Keycloak's validators of names and texts, as documented. Others are ignored. */
const RULES: Readonly<Record<string, Rule>> = {
  length: (value, { min, max }) => {
    const { length } = value.trim();
    if (max !== undefined && length > Number(max)) return `is longer than ${max} characters`;
    return min !== undefined && length < Number(min) ? `is shorter than ${min} characters` : undefined;
  },
  pattern: (value, { pattern }) => {
    try {
      return new RegExp(`^(?:${pattern})$`, 'u').test(value) ? undefined : `does not match ${pattern}`;
    } catch {
      // A pattern for Java that JavaScript cannot read.
      return undefined;
    }
  },
  options: (value, { options }) =>
    Array.isArray(options) && !options.includes(value) ? 'is none of the options' : undefined,
  email: (value) => (/^[^\s@]+@[^\s@]+$/.test(value) ? undefined : 'is no email address'),
  'person-name-prohibited-characters': (value) =>
    /[<>&"$%!#?§;*~/\\|^=[\]{}()\p{Cc}]/u.test(value) ? 'has characters that no name may have' : undefined,
  'username-prohibited-characters': (value) =>
    /[<>&"'\s$%!#?§,;:*~/\\|^=[\]{}()`\p{Cc}]/u.test(value)
      ? 'has characters that no user name may have'
      : undefined,
};

/** Why values of a user are invalid by the realm's user profile. The texts do not show the values. */
export function findInvalid(
  values: Readonly<Record<string, readonly string[]>>,
  attributes: readonly ProfileAttribute[],
  unmanagedPolicy: string | undefined,
) {
  const byName = new Map(attributes.map((one) => [one.name, one]));
  return Object.entries(values).flatMap(([name, all]) => {
    const attribute = byName.get(name);
    const filled = all.filter((value) => value !== '');
    const why =
      attribute === undefined
        ? // Only what users may edit themselves is asked of them.
          unmanagedPolicy === 'ENABLED' && filled.some((value) => value.length > MAX_UNMANAGED)
          ? `is longer than the ${MAX_UNMANAGED} characters that an attribute outside the user profile may have`
          : undefined
        : judge(filled, attribute);
    return why === undefined ? [] : [{ name, why, isManaged: attribute !== undefined }];
  });
}

function judge(filled: readonly string[], attribute: ProfileAttribute): string | undefined {
  // Keycloak does not ask users for attributes that they may not edit.
  if (attribute.permissions?.edit && !attribute.permissions.edit.includes('user')) return undefined;
  if (attribute.multivalued !== true && filled.length > 1) return 'has more than one value';
  for (const [name, options] of Object.entries(attribute.validations ?? {})) {
    if (!Object.hasOwn(RULES, name)) continue;
    for (const value of filled) {
      const why = RULES[name]?.(value, options ?? {});
      if (why !== undefined) return why;
    }
  }
  return undefined;
}

export interface FlowStep {
  readonly providerId?: string;
  readonly displayName?: string;
  readonly requirement?: string;
  readonly level?: number;
  readonly authenticationFlow?: boolean;
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
        .filter((one) => isRequiredOf(one as ProfileAttribute, scopes))
        .map(({ name }) => name ?? '');
    }),
    invalidAttributes: memo(async () => {
      const [rules, one] = [await profile(), await user()];
      if (rules === undefined || one === undefined) return [];
      const known = (rules.attributes ?? []) as ProfileAttribute[];
      return findInvalid(valuesOf(one), known, rules.unmanagedAttributePolicy);
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
      return { alias, steps: (steps ?? []) as FlowStep[], isOverride: Boolean(flowId) };
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

function valuesOf(user: UserRepresentation): Record<string, string[]> {
  const { username = '', email = '', firstName = '', lastName = '', attributes } = user;
  const own = { username: [username], email: [email], firstName: [firstName], lastName: [lastName] };
  return { ...(attributes as Record<string, string[]> | undefined), ...own };
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
