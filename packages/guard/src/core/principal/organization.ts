import { isObject, membersOf, toClientRoles, toRoles, toStrings } from './read-claims.ts';

/** An organization that the caller is a member of. What Keycloak's mapper does not add is empty. */
export interface Organization {
  /** Unique in the realm, and never changed. */
  readonly alias: string;
  /** `null` unless the mapper adds it ("Add organization id"). */
  readonly id: string | null;
  /** Its domain, if the caller's e-mail address is in it ("Add organization domain", since 26.7); else `null`. */
  readonly domain: string | null;
  /** Its attributes ("Add organization attributes"). An object without a prototype. */
  readonly attributes: { readonly [name: string]: readonly string[] };
  /** Groups of the organization that the caller is in, as paths within it (mapper "Organization Group Membership", since 26.6). */
  readonly groups: readonly string[];
  /** Realm roles by those groups ("Add group role mappings"). */
  readonly realmRoles: readonly string[];
  /** Roles by client by those groups. An object without a prototype. */
  readonly clientRoles: { readonly [clientId: string]: readonly string[] };
}

/**
 * The claim `organization` in each form that Keycloak's mapper gives it: a list of aliases, one alias, or an object by alias.
 * Claims of the wrong type count as missing.
 */
export function toOrganizations(value: unknown): readonly Organization[] {
  const said: readonly [alias: string, said?: unknown][] = isObject(value)
    ? Object.entries(value)
    : toStrings(typeof value === 'string' ? [value] : value).map((alias) => [alias]);
  return Object.freeze(said.filter(([alias]) => alias !== '').map(([alias, one]) => toOne(alias, one)));
}

function toOne(alias: string, said: unknown): Organization {
  const { id, domain, groups, realm_access, resource_access, ...rest } = membersOf(said);
  const attributes: Record<string, readonly string[]> = Object.create(null);
  for (const [name, values] of Object.entries(rest)) attributes[name] = toStrings(values);
  return Object.freeze({
    alias,
    // Attributes are lists: one that has the name of a member is none of these.
    id: typeof id === 'string' ? id : null,
    domain: typeof domain === 'string' ? domain : null,
    attributes: Object.freeze(attributes),
    groups: toStrings(groups),
    realmRoles: toRoles(realm_access),
    clientRoles: toClientRoles(resource_access),
  });
}
