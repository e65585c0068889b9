import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';
import { withoutEndSlashes } from 'keycloak-guard/unstable';

export interface Mapper {
  readonly name: string;
  readonly protocol: string;
  readonly protocolMapper: string;
  readonly consentRequired: boolean;
  readonly config: Record<string, string>;
}

/** A mapper whose claim is in access tokens, and in what introspection answers for them. */
const toMapper = (name: string, kind: string, config: Record<string, string>): Mapper => ({
  name,
  protocol: 'openid-connect',
  protocolMapper: `oidc-${kind}-mapper`,
  consentRequired: false,
  config: { ...config, 'access.token.claim': 'true', 'introspection.token.claim': 'true' },
});

export const toAudienceMapper = (clientId: string): Mapper =>
  toMapper(`audience ${clientId}`, 'audience', {
    'included.client.audience': clientId,
    'id.token.claim': 'false',
  });

const FOR_PEOPLE = { 'id.token.claim': 'true', 'userinfo.token.claim': 'true' };

export const toGroupsMapper = (): Mapper =>
  toMapper('groups', 'group-membership', { 'claim.name': 'groups', 'full.path': 'true', ...FOR_PEOPLE });

/** As in the client scope `organization` that Keycloak makes. */
export const toOrganizationMapper = (): Mapper =>
  toMapper('organization', 'organization-membership', {
    'claim.name': 'organization',
    multivalued: 'true',
    'jsonType.label': 'String',
    'id.token.claim': 'true',
  });

/** Groups in organizations, and the roles that come with them (Keycloak 26.6). */
export const toOrganizationGroupsMapper = (): Mapper =>
  toMapper('organization groups', 'organization-group-membership', {
    addGroupRoleMappings: 'true',
    ...FOR_PEOPLE,
  });

export function isSatisfiedBy(there: ProtocolMapperRepresentation, target: Mapper): boolean {
  if (there.protocolMapper !== target.protocolMapper) return false;
  const config: Record<string, string> = there.config ?? {};
  if (config['access.token.claim'] !== 'true') return false;
  if (target.protocolMapper === 'oidc-group-membership-mapper')
    return config['claim.name'] === 'groups' && config['full.path'] !== 'false';
  if (target.protocolMapper === 'oidc-organization-membership-mapper')
    return config['claim.name'] === 'organization';
  if (target.protocolMapper === 'oidc-organization-group-membership-mapper')
    return config.addGroupRoleMappings === 'true';
  const client = target.config['included.client.audience'];
  // A client wins over a custom audience where both are set.
  return (config['included.client.audience'] || config['included.custom.audience']) === client;
}

/** The `aud` that audience mappers write into access tokens. A client wins over a custom value if both are set. */
export function audiencesOf(mappers: readonly ProtocolMapperRepresentation[] = []): string[] {
  const audiences = mappers
    .filter(({ protocolMapper }) => protocolMapper === 'oidc-audience-mapper')
    .map(({ config = {} }) => config['included.client.audience'] || config['included.custom.audience'])
    .filter((one): one is string => typeof one === 'string' && one !== '');
  return [...new Set(audiences)];
}

/** Mappers of a client and of its client scopes of a list, the default ones if none is named. */
export function mappersOf(
  client: ClientRepresentation | null | undefined,
  scopes: readonly ClientScopeRepresentation[],
  list: 'defaultClientScopes' | 'optionalClientScopes' = 'defaultClientScopes',
): ProtocolMapperRepresentation[] {
  const inScopes = scopes
    .filter(({ name = '' }) => client?.[list]?.includes(name))
    .flatMap(({ protocolMappers = [] }) => protocolMappers);
  return [...(list === 'defaultClientScopes' ? (client?.protocolMappers ?? []) : []), ...inScopes];
}

/**
 * The rights that a further audience opens: a token that names two resources can be used at the one by the other (RFC 8707 §3, confused
 * deputy).
 */
export function opensAudience(
  caller: string,
  added: string,
  mappers: readonly ProtocolMapperRepresentation[],
) {
  const others = audiencesOf(mappers).filter((one) => one !== added);
  if (others.length === 0) return [];
  return [
    `tokens of ${caller} name ${others.join(', ')} already: who receives them there can use them at ${added}, and the other way round`,
  ];
}

/** A URI pattern of a client as Keycloak reads it: one that starts with `/` is below the root URL. */
export const toWholeUri = (pattern: string, rootUrl: string | undefined): string =>
  pattern.startsWith('/') && rootUrl ? withoutEndSlashes(rootUrl) + pattern : pattern;

/** Whether one of the client's URI patterns lets a URI pattern through: `*` at the end stands for anything. */
export function coversUri(patterns: readonly string[], rootUrl: string | undefined, uri: string): boolean {
  return patterns.some((pattern) => {
    const whole = toWholeUri(pattern, rootUrl);
    return whole === uri || (whole.endsWith('*') && uri.startsWith(whole.slice(0, -1)));
  });
}

/** Keycloak keeps a list in one attribute, parted by `##`. */
export function splitUris(value: unknown): string[] {
  return typeof value === 'string' ? value.split('##').filter(Boolean) : [];
}
