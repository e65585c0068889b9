import { audiencesOf, judgePrograms, takesDocuments, toDefaultScope } from '../../../admin/index.ts';
import { toShellWord } from '../../../terminal/shell-word.ts';
import { type Check, check, type Finding, fail, ok, skipped, warn } from '../../check.ts';
import type { KeycloakTrust, McpAdminView, McpEvidence } from '../../evidence/mcp.ts';
import { evidenceOf, SERVER_CHECKS } from './server.ts';

type Look = (view: McpAdminView, evidence: McpEvidence) => Finding | Promise<Finding>;

const about = (id: string, look: Look): Check =>
  check(id, ['mcp.keycloak'], async (context) => {
    const evidence = evidenceOf(context);
    return look(await evidence.admin(), evidence);
  });

/** The command to copy: the server chose the words. */
const SETUP = (url: string, scopes: readonly string[] = []) =>
  [
    'keycloak-guard setup mcp',
    toShellWord(url),
    ...scopes.map((name) => `--scope ${toShellWord(name)}`),
  ].join(' ');

export const KEYCLOAK_CHECKS: readonly Check[] = [
  about('mcp.client', ({ state: { server } }, { url }) => {
    if (server === undefined) {
      return fail(
        `no client ${url}`,
        'Nobody else may introspect tokens whose audience is the URL: Keycloak says active: false',
        SETUP(url),
      );
    }
    if (server.publicClient) {
      return fail(
        'it is public',
        'A public client may not introspect tokens',
        'Clients → this client → Client authentication: on.',
      );
    }
    if (server.attributes?.resource_url === url) return ok(url);
    return warn(
      'has no resource_url',
      'With the feature resource-indicators Keycloak answers invalid_target',
      SETUP(url),
    );
  }),
  about('mcp.audience', async ({ state: { scopes } }, evidence) => {
    const { url } = evidence;
    const scopeNames = await evidence.scopes();
    const lost = scopeNames.filter((name) => !scopes.some((one) => one.name === name));
    if (lost.length > 0) {
      return fail(
        `no client scope ${lost.join(', ')}`,
        'Keycloak answers invalid_scope',
        SETUP(url, scopeNames),
      );
    }
    const shared = scopes.find(({ protocolMappers }) =>
      audiencesOf(protocolMappers).some((one) => one !== url),
    );
    if (shared !== undefined) {
      const others = audiencesOf(shared.protocolMappers).filter((one) => one !== url);
      return fail(
        `the scope ${shared.name} is for ${others.join(', ')}, too`,
        'A token with it is valid at each of these servers, so each server can act at the others as its users',
        `Give each server a scope of its own (${SETUP(url, [toDefaultScope(url)])}, and the same in scopes of kc.mcp), then take the other audience out of ${shared.name}: Client scopes → ${shared.name} → Mappers.`,
      );
    }
    if (scopes.some(({ protocolMappers }) => audiencesOf(protocolMappers).includes(url)))
      return ok('its scopes name the server as the audience');
    return fail(
      'no scope has an audience mapper for the server',
      'Tokens have no aud, so every one is refused',
      SETUP(url, scopeNames),
    );
  }),
  about('mcp.username', ({ state: { scopes } }, { url }) => {
    const mapped = scopes.some(({ protocolMappers }) =>
      protocolMappers?.some(({ config }) => config?.['claim.name'] === 'preferred_username'),
    );
    if (mapped) return ok('tokens say who the person is');
    return warn(
      'no scope has a username mapper',
      'Tokens of clients that registered themselves have no preferred_username',
      SETUP(url),
    );
  }),
  about('mcp.registration', ({ state }, evidence) => explainRegistration(state, evidence)),
  about('mcp.offline', ({ givesOffline }) =>
    givesOffline
      ? ok('everybody may get offline tokens')
      : warn(
          'new users do not have the role offline_access',
          'Version 2 of the SDK asks for it by itself: 400 "Offline tokens not allowed"',
          'Give the role offline_access to the users of MCP clients.',
        ),
  ),
  about('mcp.metadata-documents', ({ state: { documents } }, { url }) => {
    if (!documents.isOffered || takesDocuments(documents)) {
      return ok(documents.isOffered ? 'a policy takes them' : 'not offered');
    }
    return fail(
      'offered, and no policy takes them',
      'Clients choose a client id that is a URL, and Keycloak says "Client not found"',
      `${SETUP(url)} --documents, with the domains of the programs; or switch the feature cimd off.`,
    );
  }),
];

async function explainRegistration(
  { offered, trustedHosts, webOrigins }: McpAdminView['state'],
  { url, scopes }: McpEvidence,
): Promise<Finding> {
  const lost = (await scopes()).filter((name) => !offered.includes(name));
  if (lost.length > 0) {
    return warn(
      `${lost.join(', ')} is not optional in the realm`,
      'Registration is refused with 403 "Allowed Client Scopes"',
      SETUP(url),
    );
  }
  const trusted = [trustedHosts?.config?.['trusted-hosts'] ?? []].flat().filter(Boolean);
  if (trusted.length === 0) {
    return warn(
      'no host is trusted',
      'Registration is refused with 403 "Trusted Hosts"; pages get "Invalid origin" too',
      `Give clients the client id mcp-client; or ${SETUP(url)} --registration, and the origins of pages under ${ORIGINS}.`,
    );
  }
  const pages = [webOrigins?.config?.['web-origins'] ?? []].flat().filter(Boolean);
  const comparesUris = trustedHosts?.config?.['client-uris-must-match']?.[0] !== 'false';
  const { may, mayNot } = judgePrograms(trusted);
  const known = comparesUris
    ? `known programs that may: ${may.join(', ') || 'none'}; refused for their client_uri or redirect URIs: ${mayNot.join(', ') || 'none'} (setup mcp --program)`
    : 'by any program';
  const from =
    pages.length > 0 ? `and from pages of ${pages.join(', ')}` : `pages get "Invalid origin" (${ORIGINS})`;
  return ok(`from trusted hosts, ${from}; ${known}`);
}

const ORIGINS = 'Clients → Client registration → Allowed Registration Web Origins';

/** Whether the admin's password may go to the Keycloak that the server names. The server may be anybody's. */
const mcpKeycloak = check('mcp.keycloak', ['mcp.metadata'], async (context) =>
  judge(await evidenceOf(context).trust()),
);

function judge(trust: KeycloakTrust): Finding {
  switch (trust.is) {
    case 'trusted':
      return ok(`${trust.serverUrl}, realm ${trust.realm}`);
    case 'no-admin':
      return skipped('needs an admin (--admin-user)');
    case 'no-realm':
      return fail(
        `the server names ${trust.address}`,
        'That is no realm of a Keycloak, and the password of the admin is sent to no other address',
        'Look at authorization_servers in its metadata: kc.mcp writes the issuer of the realm there.',
      );
    case 'elsewhere':
      return fail(
        `the server names ${trust.address}, and KEYCLOAK_SERVER_URL is ${trust.configured}`,
        'The two are not the same Keycloak. The password of the admin goes to the configured one alone: a server that names another may be after it',
        `If ${trust.address} is your Keycloak, set KEYCLOAK_SERVER_URL to it. If not, correct serverUrl of the MCP server.`,
      );
    case 'unconfirmed':
      return fail(
        `the server names ${trust.address}, and no Keycloak is configured`,
        'The password of the admin is sent to no address that only the MCP server names',
        `If that is your Keycloak: KEYCLOAK_SERVER_URL=${toShellWord(trust.address)}`,
      );
  }
}

/** The steps of an MCP client in order, then the settings that only an admin sees. */
export const MCP_CHECKS: readonly Check[] = [...SERVER_CHECKS, mcpKeycloak, ...KEYCLOAK_CHECKS];
