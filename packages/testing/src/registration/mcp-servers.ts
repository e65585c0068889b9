import type { McpServer } from '../dev-idp.ts';
import { DEFAULT_SCOPES, OPTIONAL_SCOPES } from '../realm/built-in.ts';
import type { Feature } from '../realm/realm.ts';
import type {
  ClientRepresentation,
  ClientScopeRepresentation,
  RealmRepresentation,
} from '../realm/representation.ts';

/**
 * Names that MCP clients of 2026 register with: hosts of their `client_uri` and redirect URIs. Keycloak's policy Trusted Hosts
 * compares them (`client-uris-must-match`). For development they may all register; in Keycloak `setup mcp --program` trusts them.
 */
export const KNOWN_HOSTS: readonly string[] = [
  // Visual Studio Code.
  'code.visualstudio.com',
  'vscode.dev',
  'insiders.vscode.dev',
  // Claude.
  'claude.ai',
  'claude.com',
  // Cursor: its redirect URI has a scheme of its own, and this in place of a host.
  'anysphere.cursor-mcp',
  'cursor.com',
  'www.cursor.com',
  // MCP Inspector and mcp-remote.
  'github.com',
];

/** Adds what MCP clients need to a realm, as `keycloak-guard setup mcp` does in Keycloak, with all known programs trusted. */
export function addMcpServers(
  realm: RealmRepresentation,
  servers: readonly McpServer[],
  features: readonly Feature[] = [],
): RealmRepresentation {
  if (servers.length === 0) return realm;
  const scopes = servers.flatMap(({ url, scopes: names }) => names.map((name) => toScope(name, url)));
  const known = new Set(realm.clients?.map(({ clientId }) => clientId));
  const clients = [...servers.map(toClient), MCP_CLIENT].filter(({ clientId }) => !known.has(clientId));
  return {
    ...realm,
    clients: [...(realm.clients ?? []), ...clients],
    clientScopes: [...(realm.clientScopes ?? []), ...scopes],
    defaultDefaultClientScopes: realm.defaultDefaultClientScopes ?? [...DEFAULT_SCOPES],
    defaultOptionalClientScopes: [
      ...(realm.defaultOptionalClientScopes ?? OPTIONAL_SCOPES),
      ...scopes.map(({ name }) => name),
    ],
    components: { ...(realm.components as object | undefined), ...REGISTRATION },
    ...(features.includes('cimd') ? toDocumentPolicy(realm) : {}),
  };
}

/** The server as a client: tokens name it as their audience, and only the audience may introspect. */
function toClient({ url }: McpServer): ClientRepresentation {
  return {
    clientId: url,
    enabled: true,
    publicClient: false,
    secret: 'for-development-only',
    standardFlowEnabled: false,
    attributes: { resource_url: url },
  };
}

/** For programs on this machine: a public client with any port. */
const MCP_CLIENT: ClientRepresentation = {
  clientId: 'mcp-client',
  enabled: true,
  publicClient: true,
  redirectUris: ['http://127.0.0.1/*', 'http://localhost/*'],
  webOrigins: ['+'],
  attributes: { 'pkce.code.challenge.method': 'S256', 'post.logout.redirect.uris': '+' },
};

function toScope(name: string, url: string): ClientScopeRepresentation {
  const access = { 'access.token.claim': 'true', 'introspection.token.claim': 'true' };
  return {
    name,
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'true' },
    protocolMappers: [
      {
        name: `audience ${url}`,
        protocol: 'openid-connect',
        protocolMapper: 'oidc-audience-mapper',
        config: { ...access, 'included.client.audience': url },
      },
      // Registered clients get no scope that reveals who the person is.
      {
        name: 'username',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          ...access,
          'claim.name': 'preferred_username',
          'user.attribute': 'username',
          'jsonType.label': 'String',
        },
      },
    ],
  };
}

/** Hosts of documents on this machine. */
const HERE = ['127.0.0.1', 'localhost'];
const DOCUMENTS = 'mcp-client-documents';

function toDocumentPolicy({ clientProfiles, clientPolicies }: RealmRepresentation) {
  const { profiles = [] } = (clientProfiles ?? {}) as { profiles?: readonly object[] };
  const { policies = [] } = (clientPolicies ?? {}) as { policies?: readonly object[] };
  const executor = {
    executor: 'client-id-metadata-document',
    configuration: { 'cimd-allow-http-scheme': true, 'cimd-allow-permitted-domains': HERE },
  };
  const condition = {
    condition: 'client-id-uri',
    configuration: {
      'client-id-uri-scheme': ['http', 'https'],
      'client-id-uri-allow-permitted-domains': HERE,
    },
  };
  return {
    clientProfiles: { profiles: [...profiles, { name: DOCUMENTS, executors: [executor] }] },
    clientPolicies: {
      policies: [
        ...policies,
        { name: DOCUMENTS, enabled: true, conditions: [condition], profiles: [DOCUMENTS] },
      ],
    },
  };
}

const REGISTRATION = {
  'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy': [
    { name: 'Consent Required', providerId: 'consent-required', subType: 'anonymous', config: {} },
    { name: 'Full Scope Disabled', providerId: 'scope', subType: 'anonymous', config: {} },
    {
      name: 'Max Clients Limit',
      providerId: 'max-clients',
      subType: 'anonymous',
      config: { 'max-clients': ['200'] },
    },
    {
      name: 'Allowed Client Scopes',
      providerId: 'allowed-client-templates',
      subType: 'anonymous',
      config: { 'allow-default-scopes': ['true'] },
    },
    {
      name: 'Allowed Registration Web Origins',
      providerId: 'registration-web-origins',
      subType: 'anonymous',
      // The page of the MCP Inspector.
      config: { 'web-origins': ['http://localhost:6274', 'http://127.0.0.1:6274'] },
    },
    {
      name: 'Trusted Hosts',
      providerId: 'trusted-hosts',
      subType: 'anonymous',
      config: {
        'trusted-hosts': ['127.0.0.1', 'localhost', '::1', ...KNOWN_HOSTS],
        'host-sending-registration-request-must-match': ['true'],
        'client-uris-must-match': ['true'],
      },
    },
  ],
} as const;
