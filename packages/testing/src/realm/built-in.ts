import type {
  ClientRepresentation,
  ClientScopeRepresentation,
  ProtocolMapperRepresentation,
} from './representation.ts';

// Clients, roles and client scopes that Keycloak adds to every realm, so that a realm file may leave them out.

/** As in Keycloak 26: tokens of the tools of administrators name nobody. */
const LIGHTWEIGHT = { 'client.use.lightweight.access.token.enabled': 'true' };

export const BUILT_IN_CLIENTS: readonly ClientRepresentation[] = [
  { clientId: 'account', publicClient: true, fullScopeAllowed: false },
  { clientId: 'account-console', publicClient: true, fullScopeAllowed: false },
  {
    ...{ clientId: 'admin-cli', publicClient: true, attributes: LIGHTWEIGHT },
    ...{ standardFlowEnabled: false, directAccessGrantsEnabled: true },
  },
  { clientId: 'broker', bearerOnly: true, fullScopeAllowed: false },
  { clientId: 'realm-management', bearerOnly: true, fullScopeAllowed: false },
  { clientId: 'security-admin-console', publicClient: true, attributes: LIGHTWEIGHT },
];

export const DEFAULT_SCOPES: readonly string[] = ['profile', 'email', 'roles', 'web-origins', 'acr', 'basic'];
export const OPTIONAL_SCOPES: readonly string[] = [
  'offline_access',
  'address',
  'phone',
  'microprofile-jwt',
  'organization',
];

const EVERYWHERE = {
  'id.token.claim': 'true',
  'access.token.claim': 'true',
  'userinfo.token.claim': 'true',
  'introspection.token.claim': 'true',
};
export const ACCESS = { 'access.token.claim': 'true', 'introspection.token.claim': 'true' };
const TOKENS = { ...ACCESS, 'id.token.claim': 'true' };

function attribute(claim: string, from: string, type = 'String'): ProtocolMapperRepresentation {
  return {
    name: claim,
    protocolMapper: 'oidc-usermodel-attribute-mapper',
    config: { ...EVERYWHERE, 'claim.name': claim, 'user.attribute': from, 'jsonType.label': type },
  };
}

function sessionNote(claim: string, note: string, type = 'String'): ProtocolMapperRepresentation {
  return {
    name: claim,
    protocolMapper: 'oidc-usersessionmodel-note-mapper',
    config: { ...TOKENS, 'claim.name': claim, 'user.session.note': note, 'jsonType.label': type },
  };
}

export function mapper(name: string, protocolMapper: string, config: Record<string, string>) {
  return { name, protocolMapper, config };
}

export function scope(name: string, inToken: boolean, ...protocolMappers: ProtocolMapperRepresentation[]) {
  return {
    name,
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': String(inToken) },
    protocolMappers,
  };
}

export const BUILT_IN_SCOPES: readonly ClientScopeRepresentation[] = [
  scope(
    'profile',
    true,
    mapper('full name', 'oidc-full-name-mapper', EVERYWHERE),
    attribute('preferred_username', 'username'),
    attribute('given_name', 'firstName'),
    attribute('family_name', 'lastName'),
    attribute('middle_name', 'middleName'),
    attribute('nickname', 'nickname'),
    attribute('profile', 'profile'),
    attribute('picture', 'picture'),
    attribute('website', 'website'),
    attribute('gender', 'gender'),
    attribute('birthdate', 'birthdate'),
    attribute('zoneinfo', 'zoneinfo'),
    attribute('locale', 'locale'),
    attribute('updated_at', 'updatedAt', 'long'),
  ),
  scope('email', true, attribute('email', 'email'), {
    name: 'email verified',
    protocolMapper: 'oidc-usermodel-property-mapper',
    config: {
      ...EVERYWHERE,
      'claim.name': 'email_verified',
      'user.attribute': 'emailVerified',
      'jsonType.label': 'boolean',
    },
  }),
  scope(
    'roles',
    false,
    mapper('realm roles', 'oidc-usermodel-realm-role-mapper', {
      ...ACCESS,
      'claim.name': 'realm_access.roles',
      multivalued: 'true',
    }),
    mapper('client roles', 'oidc-usermodel-client-role-mapper', {
      ...ACCESS,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Keycloak's own placeholder
      'claim.name': 'resource_access.${client_id}.roles',
      multivalued: 'true',
    }),
    mapper('audience resolve', 'oidc-audience-resolve-mapper', ACCESS),
  ),
  scope('web-origins', false, mapper('allowed web origins', 'oidc-allowed-origins-mapper', ACCESS)),
  scope('acr', false, mapper('acr loa level', 'oidc-acr-mapper', TOKENS)),
  scope(
    'basic',
    false,
    mapper('sub', 'oidc-sub-mapper', ACCESS),
    sessionNote('auth_time', 'AUTH_TIME', 'long'),
  ),
  scope(
    'service_account',
    false,
    sessionNote('client_id', 'client_id'),
    sessionNote('clientHost', 'clientHost'),
    sessionNote('clientAddress', 'clientAddress'),
  ),
  scope('offline_access', true),
  scope('address', true, mapper('address', 'oidc-address-mapper', EVERYWHERE)),
  scope(
    'phone',
    true,
    attribute('phone_number', 'phoneNumber'),
    attribute('phone_number_verified', 'phoneNumberVerified', 'boolean'),
  ),
  scope(
    'microprofile-jwt',
    true,
    attribute('upn', 'username'),
    mapper('groups', 'oidc-usermodel-realm-role-mapper', {
      ...TOKENS,
      'claim.name': 'groups',
      multivalued: 'true',
    }),
  ),
  scope(
    'organization',
    true,
    mapper('organization', 'oidc-organization-membership-mapper', {
      ...EVERYWHERE,
      'claim.name': 'organization',
      multivalued: 'true',
      'jsonType.label': 'String',
    }),
  ),
];
