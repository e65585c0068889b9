import type { OrganizationRepresentation, RealmRepresentation } from './representation.ts';
import { stableId } from './stable-id.ts';
import type { User } from './user.ts';

/** An organization of a realm, with Keycloak's defaults filled in. */
export interface Organization {
  readonly id: string;
  readonly alias: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  readonly domains: readonly string[];
  readonly members: ReadonlySet<string>;
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
    members: new Set((rep.members ?? []).map(({ username }) => username.toLowerCase())),
  };
}
