import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { ProtocolMapperRepresentation } from '../realm/representation.ts';
import type { RoleSet } from '../realm/roles.ts';
import { groupsWithin, type Organization, type User } from '../realm/user.ts';
import { ORGANIZATION_GROUPS_MAPPER, ORGANIZATION_MAPPER } from './organization-scope.ts';
import { acrOf } from './scopes.ts';

/**
 * Sets a claim by Keycloak's path notation: a dot nests (`realm_access.roles`), `\.` is a dot, `${client_id}` is the client
 * that a role belongs to.
 */
function setClaim(claims: Record<string, unknown>, path: string, value: unknown, clientId?: string): void {
  const parts = path
    .split(/(?<!\\)\./)
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Keycloak's own placeholder
    .map((part) => part.replaceAll('\\.', '.').replaceAll('${client_id}', clientId ?? ''));
  const last = parts.pop()!;
  let at = claims;
  for (const part of parts) {
    const next = Object.hasOwn(at, part) ? at[part] : undefined;
    if (typeof next === 'object' && next !== null && !Array.isArray(next))
      at = next as Record<string, unknown>;
    else at = define(at, part, {}) as Record<string, unknown>;
  }
  define(at, last, value);
}

// A claim named "__proto__" becomes an own property, never the prototype.
function define(target: Record<string, unknown>, name: string, value: unknown): unknown {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  return value;
}

/** Converts a value to the mapper's JSON type, single or as a list. */
function toClaimValue(value: unknown, config: Readonly<Record<string, string>>): unknown {
  const convert = (one: unknown) => {
    switch (config['jsonType.label']) {
      case 'boolean':
        return one === true || one === 'true';
      case 'long':
      case 'int':
        return Number(one);
      case 'JSON':
        return typeof one === 'string' ? JSON.parse(one) : one;
      default:
        return String(one);
    }
  };
  const values = [value].flat().map(convert);
  return config.multivalued === 'true' ? values : values[0];
}

/** Where claims go. `lightweight` is an access token with few claims (Keycloak 24 and later). */
export type ClaimTarget = 'access' | 'lightweight' | 'id' | 'userinfo' | 'introspection';

interface MapperContext {
  readonly realm: Realm;
  readonly client: Client;
  readonly user: User;
  readonly notes: Readonly<Record<string, string>>;
  readonly roles: RoleSet;
  readonly allowedOrigins: readonly string[];
  /** Organizations that the scope names and the user is a member of; `undefined` if the scope is about none. */
  readonly organizations: readonly Organization[] | undefined;
}

type Claims = Record<string, unknown>;
type Config = Readonly<Record<string, string>>;
type Mapper = (claims: Claims, context: MapperContext, config: Config) => void;

const SWITCH: Record<ClaimTarget, string> = {
  access: 'access.token.claim',
  lightweight: 'lightweight.claim',
  id: 'id.token.claim',
  userinfo: 'userinfo.token.claim',
  introspection: 'introspection.token.claim',
};

/** Adds the claims of the mappers that are turned on for `target`. Unknown mappers are ignored. */
export function applyMappers(
  target: ClaimTarget,
  claims: Claims,
  mappers: Iterable<ProtocolMapperRepresentation>,
  context: MapperContext,
): void {
  const last: Config[] = [];
  for (const { protocolMapper, config = {} } of mappers) {
    if (!isOn(target, protocolMapper, config)) continue;
    if (protocolMapper === ORGANIZATION_GROUPS_MAPPER) last.push(config);
    else MAPPERS[protocolMapper]?.(claims, context, config);
  }
  for (const config of last) addOrganizationGroups(claims, context, config);
}

/** Completes the claim that another mapper has made, which is then an object by alias. */
function addOrganizationGroups(
  claims: Claims,
  { organizations, user, realm }: MapperContext,
  config: Config,
) {
  if (organizations === undefined) return;
  const there = claims.organization;
  const known = typeof there === 'object' && !Array.isArray(there) ? (there as Claims) : {};
  const about = (organization: Organization) => {
    const groups = groupsWithin(organization, user);
    const roles = realm.rolesOfGroups(config.addGroupRoleMappings === 'true' ? groups : []);
    const byClient = [...roles.client].map(([id, names]) => [id, { roles: [...names] }]);
    return {
      ...(known[organization.alias] as object | undefined),
      groups: groups.map(({ path }) => path),
      ...(roles.realm.size > 0 ? { realm_access: { roles: [...roles.realm] } } : {}),
      ...(byClient.length > 0 ? { resource_access: Object.fromEntries(byClient) } : {}),
    };
  };
  claims.organization = Object.fromEntries(organizations.map((one) => [one.alias, about(one)]));
}

/** Before Keycloak 24, these had no settings. */
const ALWAYS_IN_ACCESS: readonly string[] = ['oidc-audience-resolve-mapper', 'oidc-allowed-origins-mapper'];

/** Where a setting is missing, as in realm files of older versions, another one counts. */
function isOn(target: ClaimTarget, kind: string, config: Config): boolean {
  const own = config[SWITCH[target]];
  if (own !== undefined) return own === 'true';
  if (ALWAYS_IN_ACCESS.includes(kind) && config['access.token.claim'] === undefined)
    return target === 'access' || target === 'introspection';
  if (target === 'introspection') return config['access.token.claim'] === 'true';
  return target === 'userinfo' && kind === ORGANIZATION_MAPPER && config['id.token.claim'] === 'true';
}

/** Whether the provider supports a kind of mapper. */
export const isKnownMapper = (kind: string): boolean =>
  Object.hasOwn(MAPPERS, kind) || kind === ORGANIZATION_GROUPS_MAPPER;

const set = (claims: Claims, config: Config, value: unknown, clientId?: string) => {
  const claim = config['claim.name'];
  if (claim === undefined || value === undefined) return;
  setClaim(claims, claim, toClaimValue(value, config), clientId);
};

function addAudience(claims: Claims, audience: string): void {
  const known = claims.aud === undefined ? [] : [claims.aud].flat();
  claims.aud = [...new Set([...known, audience])];
}

function attributeOf(
  { user, realm }: MapperContext,
  name: string,
): string | boolean | readonly string[] | undefined {
  const own: Record<string, string | boolean | undefined> = {
    username: user.username,
    email: user.email,
    firstName: user.firstName,
    lastName: user.lastName,
    emailVerified: user.emailVerified,
    id: user.id,
  };
  if (Object.hasOwn(own, name)) return own[name];
  const groups = realm.groupsOf(user).flatMap(({ lineage }) => lineage);
  return user.attributes[name] ?? groups.find(({ attributes }) => attributes?.[name])?.attributes?.[name];
}

const attribute: Mapper = (claims, context, config) =>
  set(claims, config, attributeOf(context, config['user.attribute'] ?? ''));

const MAPPERS: Readonly<Record<string, Mapper>> = {
  'oidc-usermodel-attribute-mapper': attribute,
  'oidc-usermodel-property-mapper': attribute,
  'oidc-full-name-mapper': (claims, { user }) => {
    const name = [user.firstName, user.lastName].filter(Boolean).join(' ');
    if (name !== '') claims.name = name;
  },
  'oidc-sub-mapper': (claims, { user }) => {
    claims.sub = user.id;
  },
  'oidc-acr-mapper': (claims, { notes, client, realm }) => {
    claims.acr = notes.ACR ?? acrOf(client, realm.settings);
  },
  'oidc-allowed-origins-mapper': (claims, { allowedOrigins }) => {
    if (allowedOrigins.length > 0) claims['allowed-origins'] = allowedOrigins;
  },
  'oidc-audience-mapper': (claims, _context, config) => {
    const audience = config['included.client.audience'] || config['included.custom.audience'];
    if (audience) addAudience(claims, audience);
  },
  'oidc-audience-resolve-mapper': (claims, { client, roles }) => {
    for (const id of roles.client.keys()) if (id !== client.clientId) addAudience(claims, id);
  },
  'oidc-group-membership-mapper': (claims, { realm, user }, config) => {
    const full = config['full.path'] !== 'false';
    const groups = realm.groupsOf(user).map(({ path, name }) => (full ? path : name));
    if (groups.length > 0) setClaim(claims, config['claim.name'] ?? 'groups', groups);
  },
  'oidc-usermodel-realm-role-mapper': (claims, { roles }, config) => {
    const prefix = config['usermodel.realmRoleMapping.rolePrefix'] ?? '';
    const names = [...roles.realm].map((role) => prefix + role);
    if (names.length > 0) set(claims, { multivalued: 'true', ...config }, names);
  },
  'oidc-usermodel-client-role-mapper': (claims, { roles }, config) => {
    const only = config['usermodel.clientRoleMapping.clientId'];
    const prefix = config['usermodel.clientRoleMapping.rolePrefix'] ?? '';
    for (const [clientId, names] of roles.client) {
      if (only && only !== clientId) continue;
      const values = [...names].map((role) => prefix + role);
      set(claims, { multivalued: 'true', ...config }, values, clientId);
    }
  },
  [ORGANIZATION_MAPPER]: (claims, { organizations = [] }, config) => {
    const [first] = organizations;
    if (first !== undefined) setClaim(claims, config['claim.name'] ?? 'organization', toOrganizationClaim());

    function toOrganizationClaim(): unknown {
      const [withId, withAttributes] = [config.addOrganizationId, config.addOrganizationAttributes];
      if (config.multivalued === 'false') return first?.alias;
      const isObject = withId === 'true' || withAttributes === 'true' || config['jsonType.label'] === 'JSON';
      if (!isObject) return organizations.map(({ alias }) => alias);
      const about = ({ id, attributes }: Organization) => ({
        ...(withAttributes === 'true' ? attributes : {}),
        ...(withId === 'true' ? { id } : {}),
      });
      return Object.fromEntries(organizations.map((one) => [one.alias, about(one)]));
    }
  },
  'oidc-hardcoded-claim-mapper': (claims, _context, config) => set(claims, config, config['claim.value']),
  'oidc-usersessionmodel-note-mapper': (claims, { notes }, config) =>
    set(claims, config, notes[config['user.session.note'] ?? '']),
  'oidc-address-mapper': (claims, context, config) => {
    const address: Record<string, unknown> = {};
    for (const part of ['street', 'locality', 'region', 'postal_code', 'country', 'formatted']) {
      const value = attributeOf(context, config[`user.attribute.${part}`] ?? part);
      if (value !== undefined) address[part === 'street' ? 'street_address' : part] = [value].flat()[0];
    }
    if (Object.keys(address).length > 0) claims.address = address;
  },
};
