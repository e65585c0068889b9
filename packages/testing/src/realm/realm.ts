import { randomUUID } from 'node:crypto';
import { BUILT_IN_CLIENTS, BUILT_IN_SCOPES, DEFAULT_SCOPES, OPTIONAL_SCOPES } from './built-in.ts';
import { type Client, toClient } from './client.ts';
import type {
  ClientRepresentation,
  ClientScopeRepresentation,
  OrganizationRepresentation,
  RealmRepresentation,
  UserRepresentation,
} from './representation.ts';
import { createRoleBook, defaultRoleOf, type RoleGrant, type RoleSet } from './roles.ts';
import { type Group, toGroups, toUser, type User } from './user.ts';

/**
 * Experimental features of Keycloak 26.7, by the names in its option `--features`:
 * - `resource-indicators`: a client names with `resource` the API that a token is for (RFC 8707)
 * - `cimd`: a client id may be the URL of a document that describes the client, if a client policy of the realm accepts it
 */
export type Feature = 'resource-indicators' | 'cimd';

export const FEATURES: readonly Feature[] = ['resource-indicators', 'cimd'];

/** A realm in memory: the realm file, and what Keycloak adds to it. */
export type Realm = ReturnType<typeof createRealm>;

const majorOf = (version: unknown): number =>
  Number.parseInt(String(version), 10) || Number.POSITIVE_INFINITY;

/** @throws {TypeError} if the file is not a realm file */
export function createRealm(rep: RealmRepresentation, features: readonly Feature[] = []) {
  if (typeof rep?.realm !== 'string' || rep.realm === '')
    throw new TypeError('the realm file has no "realm": it must be one realm, as Keycloak exports it');
  const name = rep.realm;
  const [wrong] = /[:/?#@!$&()*+,;=[\]\\]/.exec(name) ?? [];
  if (wrong !== undefined) throw new TypeError(`'${name}' is no realm: no name of one has a '${wrong}'`);
  const scopes = new Map(
    [...BUILT_IN_SCOPES, ...(rep.clientScopes ?? [])].map((scope) => [scope.name, scope]),
  );
  const assigned = {
    default: rep.defaultDefaultClientScopes ?? DEFAULT_SCOPES,
    optional: rep.defaultOptionalClientScopes ?? OPTIONAL_SCOPES,
  };
  const clients = new Map<string, Client>();
  const users = new Map<string, User>();
  const logins = new Map<string, string>();
  const ids = new Set<string>();
  const groups = toGroups(rep.groups);
  const groupAt = (path: string) => groups.get(path.startsWith('/') ? path : `/${path}`);
  const roles = createRoleBook(rep, groups);

  // Keycloak 25 made the client scope `basic`, and puts it into what it imports of earlier versions: there, `sub` was in every token.
  const always = majorOf(rep.keycloakVersion) < 25 ? ['basic'] : [];
  const putClient = (client: ClientRepresentation) => {
    const made = toClient(name, client, assigned, always);
    clients.set(made.clientId, made);
    return made;
  };
  const putUser = (user: UserRepresentation) => {
    const made = toUser(name, user);
    const before = users.get(made.id);
    if (before !== undefined) logins.delete(before.username);
    users.set(made.id, made);
    logins.set(made.username, made.id);
    ids.add(made.id);
    return made;
  };
  for (const client of [...BUILT_IN_CLIENTS, ...(rep.clients ?? [])]) putClient(client);
  for (const user of rep.users ?? []) putUser(user);

  const realm = {
    name,
    displayName: rep.displayName ?? name,
    /** Experimental features that are turned on. */
    features: new Set(features) as ReadonlySet<Feature>,
    /** The settings, which may change while the provider runs. */
    settings: rep,
    scopes: scopes as ReadonlyMap<string, ClientScopeRepresentation>,
    client: (clientId: string) => clients.get(clientId),
    clients: () => clients.values(),
    users: () => users.values(),
    groupAt,
    userById: (id: string) => users.get(id),
    userByName: (username: string) => users.get(logins.get(username.toLowerCase()) ?? ''),
    /** Finds a user by name, or by e-mail address if the realm allows that. */
    userByLogin(login: string): User | undefined {
      const lowerCase = login.toLowerCase();
      const id = logins.get(lowerCase);
      if (id !== undefined) return users.get(id);
      if (realm.settings.loginWithEmailAllowed === false) return undefined;
      return [...users.values()].find((user) => user.email === lowerCase);
    },
    serviceAccountOf(client: Client): User {
      const known = [...users.values()].find(
        (user) => user.representation.serviceAccountClientId === client.clientId,
      );
      return known ?? putUser(toServiceAccount(name, client));
    },
    groupsOf: (user: User): Group[] =>
      (user.representation.groups ?? []).flatMap((path) => groupAt(path) ?? []),
    /** Roles of the user and of their groups, composites resolved. */
    rolesOf(user: User): RoleSet {
      const grants: RoleGrant[] = [
        user.representation,
        ...realm.groupsOf(user).flatMap((group) => group.lineage),
      ];
      return roles.resolve(grants);
    },
    unknownRoleIn: roles.unknownIn,
    /** Roles of groups, composites resolved, without those of the groups above them. */
    rolesOfGroups: (own: readonly Group[]): RoleSet => roles.resolve(own.map((one) => one.representation)),
    /** The user's roles that the client may see. */
    rolesInScope(user: User, client: Client): RoleSet {
      const all = realm.rolesOf(user);
      return client.fullScope ? all : ownRoles(all, client.clientId);
    },
    updateUser(username: string, change: Partial<UserRepresentation>): User {
      const user = realm.userByName(username);
      if (user === undefined) throw new TypeError(`there is no user '${username}' in the realm ${name}`);
      assertUser(realm, change, user.id);
      return putUser(toChanged(user, change));
    },
    updateClient(clientId: string, change: Partial<ClientRepresentation>): Client {
      const client = clients.get(clientId);
      if (client === undefined) throw new TypeError(`there is no client '${clientId}' in the realm ${name}`);
      const attributes = { ...client.attributes, ...change.attributes };
      return putClient({ ...client.representation, ...change, attributes });
    },
    addUser(user: UserRepresentation): User {
      if (typeof user?.username !== 'string' || user.username === '')
        throw new TypeError('a user has a username');
      if (realm.userByName(user.username) !== undefined)
        throw new TypeError(`there is a user '${user.username}' in the realm ${name}`);
      assertUser(realm, user);
      const added = { enabled: true, realmRoles: [defaultRoleOf(name)], ...user };
      // The name may have been that of somebody who was renamed or removed: two people never have one id.
      return putUser(ids.has(toUser(name, added).id) ? { ...added, id: randomUUID() } : added);
    },
    removeUser({ id, username }: User): void {
      users.delete(id);
      logins.delete(username);
    },
    addOrganization(organization: OrganizationRepresentation): void {
      realm.settings = withOrganization(realm.settings, organization);
    },
    addClient: putClient,
    removeClient: (clientId: string) => void clients.delete(clientId),
  };
  return realm;
}

/** @throws {TypeError} for what would count for nothing, or Keycloak refuses */
function assertUser(realm: Realm, user: Partial<UserRepresentation>, id?: string): void {
  const { email, groups, clientRoles } = user;
  // There, Keycloak has a client for each realm.
  const isOfRealm = (id: string) => realm.name === 'master' && id.endsWith('-realm');
  const client = Object.keys(clientRoles ?? {}).find((one) => !isOfRealm(one) && !realm.client(one));
  if (client !== undefined) throw new TypeError(`there is no client '${client}' in the realm ${realm.name}`);
  const role = realm.unknownRoleIn(user);
  if (role !== undefined) throw new TypeError(`there is no role ${role} in the realm ${realm.name}`);
  const unknown = (groups ?? []).find((path) => realm.groupAt(path) === undefined);
  if (unknown !== undefined) throw new TypeError(`there is no group '${unknown}' in the realm ${realm.name}`);
  if (!email || realm.settings.duplicateEmailsAllowed === true) return;
  if ([...realm.users()].some((user) => user.email === email.toLowerCase() && user.id !== id))
    throw new TypeError(`there is a user with the email address '${email}' in the realm ${realm.name}`);
}

const toServiceAccount = (realm: string, { clientId }: Client): UserRepresentation => ({
  username: `service-account-${clientId}`,
  enabled: true,
  serviceAccountClientId: clientId,
  realmRoles: [defaultRoleOf(realm)],
});

/** Without "full scope allowed", a client sees its own roles only. Scope mappings are not supported; `warnings` says so. */
function ownRoles(all: RoleSet, clientId: string): RoleSet {
  const own = all.client.get(clientId);
  return { realm: new Set(), client: new Map(own === undefined ? [] : [[clientId, own]]) };
}

function toChanged({ representation, id }: User, change: Partial<UserRepresentation>): UserRepresentation {
  const changed = { ...representation, id, ...change };
  // Keycloak heeds it when an administrator sets a password, not when it imports a realm file.
  if (!change.credentials?.some(({ temporary }) => temporary)) return changed;
  return { ...changed, requiredActions: [...(changed.requiredActions ?? []), 'UPDATE_PASSWORD'] };
}

/** @throws {TypeError} if it has no name, or that of another one */
function withOrganization(
  settings: RealmRepresentation,
  organization: OrganizationRepresentation,
): RealmRepresentation {
  const { organizations = [] } = settings;
  const { name, alias = name } = organization ?? {};
  if (typeof name !== 'string' || name === '') throw new TypeError('an organization has a name');
  if (organizations.some((one) => one.name === name || (one.alias ?? one.name) === alias))
    throw new TypeError(
      `there is an organization '${name}', or one with the alias '${alias}', in the realm ${settings.realm}`,
    );
  return { ...settings, organizationsEnabled: true, organizations: [...organizations, organization] };
}
