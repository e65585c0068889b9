import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js';
import type UserRepresentation from '@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js';
import { findClient, findGroup, findUser, read } from './connection.ts';
import { NEEDED_SCOPES, type SetupGoal } from './goal.ts';
import { audiencesOf, mappersOf } from './mappers.ts';
import { organizationScope, toClientScope } from './plan/app-scope.ts';

export interface CurrentState extends Readonly<typeof NOTHING> {
  /** Kinds of mapper that this Keycloak has. `undefined` if nobody needed them, or the admin may not see them. */
  readonly mapperTypes?: ReadonlySet<string> | undefined;
}

/** More clients than a realm is looked through for those that call the API. */
const MOST_CLIENTS = 1_000;

const NOTHING = {
  realm: null as RealmRepresentation | null,
  client: null as ClientRepresentation | null,
  /** Client scopes of the realm. */
  scopes: [] as readonly ClientScopeRepresentation[],
  /** Other clients whose tokens are for the API, where client scopes are asked for. */
  callers: [] as readonly ClientRepresentation[],
  realmRoles: [] as readonly string[],
  clientRoles: [] as readonly string[],
  /** The groups that are asked for, and their parents, as far as they exist. Full paths. */
  groups: [] as readonly string[],
  user: null as UserRepresentation | null,
  userHasPassword: false,
  userRealmRoles: [] as readonly string[],
  userClientRoles: [] as readonly string[],
  userGroups: [] as readonly string[],
  requiredAttributes: [] as readonly string[],
};

/** A realm that has what Keycloak makes, and nothing of an application. */
export const emptyRealm = (realm: string): CurrentState => ({
  ...NOTHING,
  realm: { realm, enabled: true },
  scopes: [toClientScope(organizationScope), ...NEEDED_SCOPES.map((name) => ({ name }))],
});

export async function readCurrent(api: AdminClient, goal: SetupGoal): Promise<CurrentState> {
  const realm = goal.realm;
  const existingRealm = await read(`see the realm ${realm}`, () => api.realms.findOne({ realm }));
  const mapperTypes = goal.organizations && (await readMapperTypes(api));
  if (!existingRealm) return { ...NOTHING, mapperTypes };
  const [client, scopes = [], realmRoles, groups, user] = await Promise.all([
    read('see the clients', () => findClient(api, realm, goal.clientId)),
    read('see the client scopes', () => api.clientScopes.find({ realm })),
    existing(goal.realmRoles, (name) =>
      read('see the roles', () => api.roles.findOneByName({ realm, name })),
    ),
    existing(withParents(goal.groups), (path) => findGroup(api, realm, path)),
    goal.user ? findUser(api, realm, goal.user.username) : undefined,
  ]);
  const id = client?.id;
  const hasScopes = goal.groups.length > 0 || goal.organizations !== undefined || !!goal.scopes?.length;
  const others = hasScopes
    ? ((await read('see the clients', () => api.clients.find({ realm, max: MOST_CLIENTS }))) ?? [])
    : [];
  return {
    ...NOTHING,
    realm: existingRealm,
    mapperTypes,
    client: client ?? null,
    scopes,
    callers: others.filter(
      (one) => one.clientId !== goal.clientId && audiencesOf(mappersOf(one, scopes)).includes(goal.clientId),
    ),
    realmRoles,
    clientRoles: id
      ? await existing(goal.clientRoles, (roleName) =>
          read('see the roles', () => api.clients.findRole({ realm, id, roleName })),
        )
      : [],
    groups,
    ...(goal.user ? { requiredAttributes: await readRequiredAttributes(api, realm) } : {}),
    ...(user?.id ? await readUser(api, realm, user.id, id) : {}),
  };
}

/** The kinds of mapper that the server has; `undefined` where this admin may not see them. */
export async function readMapperTypes(api: AdminClient): Promise<ReadonlySet<string> | undefined> {
  const info = await api.serverInfo.find().catch(() => undefined);
  const types = info?.protocolMapperTypes?.['openid-connect'];
  return types && new Set(types.map(({ id }) => id ?? ''));
}

async function readUser(api: AdminClient, realm: string, id: string, clientUuid: string | undefined) {
  const [user, credentials, roles, clientRoles, groups] = await Promise.all([
    read('see the user', () => api.users.findOne({ realm, id })),
    read('see the credentials of the user', () => api.users.getCredentials({ realm, id })),
    read('see the roles of the user', () => api.users.listRealmRoleMappings({ realm, id })),
    clientUuid
      ? read('see the roles of the user', () =>
          api.users.listClientRoleMappings({ realm, id, clientUniqueId: clientUuid }),
        )
      : [],
    read('see the groups of the user', () => api.users.listGroups({ realm, id })),
  ]);
  return {
    user: user ?? null,
    userHasPassword: credentials?.some((one) => one.type === 'password') ?? false,
    userRealmRoles: roles?.map((role) => role.name ?? '') ?? [],
    userClientRoles: clientRoles?.map((role) => role.name ?? '') ?? [],
    userGroups: groups?.map((group) => group.path ?? '') ?? [],
  };
}

/** `/a/b/c` needs `/a` and `/a/b`. Parents come first. */
export function withParents(paths: readonly string[]): string[] {
  const all = paths.flatMap((path) => {
    const parts = path.split('/').filter(Boolean);
    return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
  });
  return [...new Set(all)];
}

async function readRequiredAttributes(api: AdminClient, realm: string): Promise<string[]> {
  // Before 24 the user profile is missing, or a preview that is off: 404 or 501.
  const profile = await api.users.getProfile({ realm }).catch(() => undefined);
  return (profile?.attributes ?? []).filter((one) => one.required !== undefined).map((one) => one.name ?? '');
}

async function existing(
  names: readonly string[],
  find: (name: string) => Promise<unknown>,
): Promise<string[]> {
  const lists = await Promise.all(names.map(async (name) => ((await find(name)) ? [name] : [])));
  return lists.flat();
}
