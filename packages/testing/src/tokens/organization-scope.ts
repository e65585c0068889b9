import { Fault } from '../fault.ts';
import type { Realm } from '../realm/realm.ts';
import type { ClientScopeRepresentation } from '../realm/representation.ts';
import { membershipsOf, type Organization, organizationsOf, type User } from '../realm/user.ts';
import type { ClientSession } from '../sessions/sessions.ts';

// Keycloak's scope `organization`, which may have a value: `organization` stands for one organization, which the person chooses
// if there are several; `organization:<alias>` for that one; `organization:*` for all.

/** Kind of mapper that makes a client scope one of organizations. */
export const ORGANIZATION_MAPPER = 'oidc-organization-membership-mapper';

/** Kind of mapper that adds a person's groups in organizations, and roles by them (Keycloak 26.6). */
export const ORGANIZATION_GROUPS_MAPPER = 'oidc-organization-group-membership-mapper';

export type OrganizationScope =
  | { readonly kind: 'any' | 'all' | 'nothing' }
  | { readonly kind: 'one'; readonly alias: string };

/** The client scope of a name in `scope`. It may have a value behind a colon, if it is one of organizations. */
export function clientScopeOf({ scopes }: Realm, name: string): ClientScopeRepresentation | undefined {
  const colon = name.indexOf(':');
  const exact = scopes.get(name);
  if (exact !== undefined || colon === -1) return exact;
  const scope = scopes.get(name.slice(0, colon));
  return scope !== undefined && isOfOrganizations(scope) ? { ...scope, name } : undefined;
}

const isOfOrganizations = ({ protocolMappers = [] }: ClientScopeRepresentation): boolean =>
  protocolMappers.some(({ protocolMapper }) => protocolMapper === ORGANIZATION_MAPPER);

/** Reads a name in `scope` that is about organizations; `undefined` for any other. */
export function organizationScopeOf(realm: Realm, name: string): OrganizationScope | undefined {
  const scope = clientScopeOf(realm, name);
  if (scope === undefined || !isOfOrganizations(scope)) return undefined;
  if (realm.scopes.has(name)) return { kind: 'any' };
  const value = name.slice(name.indexOf(':') + 1);
  if (value === '') return { kind: 'nothing' };
  return value === '*' ? { kind: 'all' } : { kind: 'one', alias: value };
}

const isOn = ({ settings }: Realm): boolean => settings.organizationsEnabled === true;

/** Whether a request may ask for these scopes together: one kind, and only organizations that there are. */
export function areOrganizationScopesValid(realm: Realm, names: readonly string[]): boolean {
  if (!isOn(realm)) return true;
  const scopes = names.flatMap((name) => organizationScopeOf(realm, name) ?? []);
  const known = organizationsOf(realm.settings).filter(({ enabled }) => enabled);
  return (
    new Set(scopes.map(({ kind }) => kind)).size <= 1 &&
    scopes.every((one) => one.kind !== 'one' || known.some(({ alias }) => alias === one.alias))
  );
}

/** Whether the scope is granted: not for an organization that the user is no member of, nor for all of none. */
export function isOrganizationScopeGranted(realm: Realm, name: string, user: User | undefined): boolean {
  const scope = organizationScopeOf(realm, name);
  if (scope === undefined) return true;
  if (!isOn(realm) || scope.kind === 'nothing') return false;
  if (user === undefined || scope.kind === 'any') return true;
  return resolve(realm, scope, user).length > 0;
}

/**
 * The organizations that a token names.
 *
 * @param names names in the token's scope
 * @param chosen alias of the one that the person chose
 */
export function organizationsFor(
  realm: Realm,
  names: readonly string[],
  user: User,
  chosen: string | undefined,
): Organization[] {
  const organizations = names.flatMap((name) => {
    const scope = organizationScopeOf(realm, name);
    return scope === undefined ? [] : resolve(realm, scope, user, chosen);
  });
  return [...new Set(organizations)];
}

function resolve(realm: Realm, scope: OrganizationScope, user: User, chosen?: string): Organization[] {
  const own = membershipsOf(realm.settings, user).filter(({ enabled }) => enabled);
  if (scope.kind === 'all') return own;
  if (scope.kind === 'one') return own.filter(({ alias }) => alias === scope.alias);
  return scope.kind === 'any' && own.length > 1 ? own.filter(({ alias }) => alias === chosen) : own;
}

/** Whether the person has to choose one of several organizations first. */
export function mustChooseOrganization(realm: Realm, scope: string | undefined, user: User): boolean {
  const scopes = (scope ?? '').split(' ').map((name) => organizationScopeOf(realm, name));
  return scopes.some((one) => one?.kind === 'any') && membershipsOf(realm.settings, user).length > 1;
}

/** Notes the one organization of a login, which the client's part of the session is then for. */
export function holdOrganization(
  realm: Realm,
  part: ClientSession,
  names: readonly string[],
  user: User,
): void {
  const [only, ...others] = organizationsFor(realm, names, user, part.organization);
  if (only !== undefined && others.length === 0) part.organization = only.alias;
}

/** False if the user has left the organization of the login, or it is disabled. */
export function isStillMember(realm: Realm, part: ClientSession | undefined, user: User): boolean {
  const { organization } = part ?? {};
  if (organization === undefined || !isOn(realm)) return true;
  const own = membershipsOf(realm.settings, user);
  return own.some(({ alias, enabled }) => enabled && alias === organization);
}

/**
 * The scope that is left of a refresh token's when less is asked for.
 *
 * @param granted a scope of the refresh token
 * @param requested scopes of the request
 * @returns `undefined` if it goes
 * @throws {Fault} 400, in Keycloak's words, for a choice that nobody can make now
 */
export function narrowOrganization(
  realm: Realm,
  granted: string,
  requested: readonly string[],
): string | undefined {
  const before = organizationScopeOf(realm, granted);
  for (const name of requested) {
    const now = organizationScopeOf(realm, name);
    if (now === undefined) continue;
    if (before?.kind === 'all') {
      if (now.kind !== 'any') return name;
      throw new Fault(400, 'ANY organization scope is not allowed in this context');
    }
    if (name === granted || now.kind === 'all') return granted;
    if (before?.kind === 'one' && now.kind === 'any') return granted;
  }
  return undefined;
}
