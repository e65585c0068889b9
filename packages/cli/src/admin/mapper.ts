import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';

/** A mapper, for Keycloak's ProtocolMapperRepresentation. */
export interface Mapper {
  readonly name: string;
  readonly protocol: string;
  readonly protocolMapper: string;
  readonly consentRequired: boolean;
  readonly config: Record<string, string>;
}

/** Puts a client into the audience of access tokens. */
export function toAudienceMapper(clientId: string): Mapper {
  return {
    name: `audience ${clientId}`,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    consentRequired: false,
    config: {
      'included.client.audience': clientId,
      'id.token.claim': 'false',
      'access.token.claim': 'true',
      'introspection.token.claim': 'true',
    },
  };
}

/** Puts a person's groups into tokens, as full paths. */
export function toGroupsMapper(): Mapper {
  return {
    name: 'groups',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-group-membership-mapper',
    consentRequired: false,
    config: {
      'claim.name': 'groups',
      'full.path': 'true',
      'id.token.claim': 'true',
      'access.token.claim': 'true',
      'userinfo.token.claim': 'true',
      'introspection.token.claim': 'true',
    },
  };
}

/** Whether an existing mapper does the work of a wanted one. */
export function doesTheWork(there: ProtocolMapperRepresentation, wanted: Mapper): boolean {
  if (there.protocolMapper !== wanted.protocolMapper) return false;
  const config: Record<string, string> = there.config ?? {};
  if (config['access.token.claim'] !== 'true') return false;
  if (wanted.protocolMapper === 'oidc-group-membership-mapper') {
    return config['claim.name'] === 'groups' && config['full.path'] !== 'false';
  }
  const client = wanted.config['included.client.audience'];
  // A client wins over a custom audience where both are set.
  return (config['included.client.audience'] || config['included.custom.audience']) === client;
}
