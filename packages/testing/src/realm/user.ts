import type {
  GroupRepresentation,
  OrganizationRepresentation,
  RealmRepresentation,
  UserRepresentation,
} from './representation.ts';
import { stableId } from './stable-id.ts';

/** A user with an id and Keycloak's defaults filled in. */
export type User = Readonly<ReturnType<typeof toUser>>;

export function toUser(realm: string, rep: UserRepresentation) {
  const username = rep.username.toLowerCase();
  return {
    id: rep.id ?? stableId(realm, 'user', username),
    username,
    enabled: rep.enabled ?? false,
    email: rep.email?.toLowerCase(),
    emailVerified: rep.emailVerified ?? false,
    firstName: rep.firstName,
    lastName: rep.lastName,
    attributes: rep.attributes ?? {},
    // An incomplete profile is an action, too (Keycloak 24 and later).
    requiredActions: [
      ...new Set([...(rep.requiredActions ?? []), ...(isProfileComplete(rep) ? [] : ['VERIFY_PROFILE'])]),
    ],
    notBefore: rep.notBefore ?? 0,
    representation: rep,
  };
}

function isProfileComplete(rep: UserRepresentation): boolean {
  if (rep.serviceAccountClientId !== undefined) return true;
  return Boolean(rep.email) && Boolean(rep.firstName) && Boolean(rep.lastName);
}

export interface Group {
  readonly path: string;
  readonly name: string;
  readonly representation: GroupRepresentation;
  /** The group and every group above it: a member has the roles of all of them. */
  readonly lineage: readonly GroupRepresentation[];
}

/** All groups of a realm file by path, for example `/staff/dev`. */
export function toGroups(groups: readonly GroupRepresentation[] = []): ReadonlyMap<string, Group> {
  const byPath = new Map<string, Group>();
  const walk = (
    list: readonly GroupRepresentation[],
    parent: string,
    above: readonly GroupRepresentation[],
  ) => {
    for (const group of list) {
      const path = `${parent}/${group.name}`;
      const lineage = [group, ...above];
      byPath.set(path, { path, name: group.name, representation: group, lineage });
      walk(group.subGroups ?? [], path, lineage);
    }
  };
  walk(groups, '', []);
  return byPath;
}

/** An organization of a realm, with Keycloak's defaults filled in. */
export interface Organization {
  readonly id: string;
  readonly alias: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  readonly domains: readonly string[];
  readonly groups: ReadonlyMap<string, Group>;
  /** By username, each with the paths or ids of their groups. */
  readonly members: ReadonlyMap<string, readonly string[]>;
}

const known = new WeakMap<readonly OrganizationRepresentation[], readonly Organization[]>();

/** The organizations of a realm, disabled ones too. None if the realm has them turned off. */
export function organizationsOf({
  realm,
  organizationsEnabled,
  organizations,
}: RealmRepresentation): readonly Organization[] {
  if (organizationsEnabled !== true || organizations === undefined) return [];
  const made = known.get(organizations) ?? organizations.map((one) => toOrganization(realm, one));
  known.set(organizations, made);
  return made;
}

/** Those that the user is a member of, disabled ones too. */
export const membershipsOf = (settings: RealmRepresentation, { username }: User): Organization[] =>
  organizationsOf(settings).filter(({ members }) => members.has(username));

function toOrganization(realm: string, rep: OrganizationRepresentation): Organization {
  const { name, alias = name } = rep;
  return {
    id: rep.id ?? stableId(realm, 'organization', alias),
    alias,
    name,
    enabled: rep.enabled ?? true,
    attributes: rep.attributes ?? {},
    domains: (rep.domains ?? []).map((domain) => domain.name.toLowerCase()),
    groups: toGroups(rep.groups),
    members: new Map(
      (rep.members ?? []).map(({ username, groups = [] }) => [username.toLowerCase(), groups]),
    ),
  };
}

/** The groups of an organization that a user is in. */
export function groupsWithin({ groups, members }: Organization, { username }: User): Group[] {
  const own = members.get(username) ?? [];
  return [...groups.values()].filter(
    ({ path, representation }) => own.includes(path) || own.includes(String(representation.id)),
  );
}
