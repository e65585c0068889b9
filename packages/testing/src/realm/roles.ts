import type { RealmRepresentation, RoleRepresentation } from './representation.ts';
import type { Group } from './user.ts';

/** The roles of a user, composites resolved. */
export interface RoleSet {
  readonly realm: ReadonlySet<string>;
  readonly client: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Roles that a user or group lists directly. */
export interface RoleGrant {
  realmRoles?: readonly string[] | undefined;
  clientRoles?: Readonly<Record<string, readonly string[]>> | undefined;
}

const key = (client: string, role: string) => `${client}\0${role}`;
const REALM = '';
const keysOf = ({ realmRoles, clientRoles }: RoleGrant): string[] => [
  ...(realmRoles ?? []).map((name) => key(REALM, name)),
  ...Object.entries(clientRoles ?? {}).flatMap(([id, names]) => names.map((name) => key(id, name))),
];

/** The role of the realm that every user gets, with those within it. */
export const defaultRoleOf = (realm: string): string => `default-roles-${realm.toLowerCase()}`;

const MANAGEMENT = 'realm-management';
/** Clients with roles that Keycloak makes, here in part. */
const OF_KEYCLOAK = ['account', 'broker', MANAGEMENT];

/** Roles of `realm-management` that hold others. `realm-admin` holds all. */
const HOLDERS: Readonly<Record<string, readonly string[]>> = {
  'view-clients': ['query-clients'],
  'view-users': ['query-groups', 'query-users'],
  'realm-admin': [
    ...['create-client', 'impersonation', 'query-realms'],
    ...['clients', 'users', 'realm', 'events', 'authorization', 'identity-providers'].flatMap((of) => [
      `view-${of}`,
      `manage-${of}`,
    ]),
  ],
};

/** Reads the roles of a realm file, and adds those that Keycloak creates itself, as those of users and `groups`. */
export function createRoleBook(rep: RealmRepresentation, groups: ReadonlyMap<string, Group>) {
  const composites = new Map<string, string[]>();
  const add = (client: string, { name, composites: parts }: RoleRepresentation) => {
    composites.set(key(client, name), keysOf({ realmRoles: parts?.realm, clientRoles: parts?.client }));
  };
  add('account', { name: 'manage-account', composites: { client: { account: ['manage-account-links'] } } });
  add(REALM, {
    name: defaultRoleOf(rep.realm),
    composites: {
      realm: ['offline_access', 'uma_authorization'],
      client: { account: ['view-profile', 'manage-account'] },
    },
  });
  for (const [name, names] of Object.entries(HOLDERS))
    add(MANAGEMENT, { name, composites: { client: { [MANAGEMENT]: [...names] } } });
  for (const role of rep.roles?.realm ?? []) add(REALM, role);
  for (const [client, roles] of Object.entries(rep.roles?.client ?? {})) {
    for (const role of roles) add(client, role);
  }

  return {
    /** Resolves composite roles. */
    resolve(grants: readonly RoleGrant[]): RoleSet {
      const seen = new Set<string>();
      const todo = grants.flatMap(keysOf);
      for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
        if (seen.has(next)) continue;
        seen.add(next);
        todo.push(...(composites.get(next) ?? []));
      }
      return toRoleSet(seen);
    },
    /** The first role that the file lacks, where it lists those of the realm or the client; with the name of the client. */
    unknownIn(grant: RoleGrant): string | undefined {
      const { realm = [], client = {} } = rep.roles ?? {};
      const own = rep.realm === 'master' ? [REALM, ...OF_KEYCLOAK] : OF_KEYCLOAK;
      const listed = new Set(
        [...realm.map(() => REALM), ...Object.keys(client)].filter((id) => !own.includes(id)),
      );
      const granted = [...(rep.users ?? []), ...[...groups.values()].map((one) => one.representation)];
      const known = new Set([...[...composites].flat(2), ...granted.flatMap(keysOf)]);
      const unknown = keysOf(grant).filter((one) => !known.has(one));
      const [of, role] = unknown.map((one) => one.split('\0')).find(([id = '']) => listed.has(id)) ?? [];
      return role && `'${role}'${of && ` of the client '${of}'`}`;
    },
  };
}

function toRoleSet(keys: ReadonlySet<string>): RoleSet {
  const realm = new Set<string>();
  const client = new Map<string, Set<string>>();
  for (const entry of keys) {
    const [id = '', name = ''] = entry.split('\0');
    if (id === REALM) realm.add(name);
    else client.set(id, (client.get(id) ?? new Set()).add(name));
  }
  return { realm, client };
}
