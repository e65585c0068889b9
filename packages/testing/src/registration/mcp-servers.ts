import type { McpServer } from '../dev-idp.ts';
import { ACCESS, mapper, OPTIONAL_SCOPES, scope } from '../realm/built-in.ts';
import type { Feature } from '../realm/realm.ts';
import type {
  ClientRepresentation,
  ClientScopeRepresentation,
  RealmRepresentation,
} from '../realm/representation.ts';
import { policiesOf } from './registration.ts';

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

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

/** The page of the MCP Inspector. */
const INSPECTOR = ['http://localhost:6274', 'http://127.0.0.1:6274'];

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
    defaultOptionalClientScopes: [
      ...(realm.defaultOptionalClientScopes ?? OPTIONAL_SCOPES),
      ...scopes.map(({ name }) => name),
    ],
    components: {
      ...(realm.components as object | undefined),
      ...policiesOf([...LOOPBACK, ...KNOWN_HOSTS], INSPECTOR),
    },
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

const toScope = (name: string, url: string): ClientScopeRepresentation =>
  scope(
    name,
    true,
    mapper(`audience ${url}`, 'oidc-audience-mapper', { ...ACCESS, 'included.client.audience': url }),
    // Registered clients get no scope that reveals who the person is.
    mapper('username', 'oidc-usermodel-attribute-mapper', {
      ...ACCESS,
      'claim.name': 'preferred_username',
      'user.attribute': 'username',
      'jsonType.label': 'String',
    }),
  );

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
