import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';

/** What audience mappers write into `aud` of access tokens. A client wins over a custom value if both are set. */
export function audiencesOf(mappers: readonly ProtocolMapperRepresentation[] = []): string[] {
  const named = mappers
    .filter(({ protocolMapper }) => protocolMapper === 'oidc-audience-mapper')
    .map(({ config = {} }) => config['included.client.audience'] || config['included.custom.audience'])
    .filter((one): one is string => typeof one === 'string' && one !== '');
  return [...new Set(named)];
}

/** Mappers of a client and of its client scopes of a list, the default ones if none is named. */
export function mappersOf(
  client: ClientRepresentation | undefined,
  scopes: readonly ClientScopeRepresentation[],
  list: 'defaultClientScopes' | 'optionalClientScopes' = 'defaultClientScopes',
): ProtocolMapperRepresentation[] {
  const inScopes = scopes
    .filter(({ name = '' }) => client?.[list]?.includes(name))
    .flatMap(({ protocolMappers = [] }) => protocolMappers);
  return [...(list === 'defaultClientScopes' ? (client?.protocolMappers ?? []) : []), ...inScopes];
}

/**
 * What a further audience opens: a token that names two resources can be used at the one by the other (RFC 8707 §3, confused
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
