import { audiencesOf } from '../../admin/mappers.ts';
import { takesDocuments } from '../../admin/mcp/current.ts';
import { judgePrograms, toDefaultScope } from '../../admin/mcp/goal.ts';
import { toShellWord } from '../../terminal/output.ts';
import { type Check, checkOf, type Finding, fail, type Look, ok, warn } from '../check.ts';
import type { McpAdminView, McpEvidence } from '../evidence/mcp.ts';

const aboutServer = (id: string, needs: readonly string[], look: Look<McpEvidence>): Check =>
  checkOf({ find: ({ mcp }) => mcp, otherwise: 'no MCP server (--mcp)' }, id, needs, look);

export const SERVER_CHECKS: readonly Check[] = [
  aboutServer('mcp.challenge', [], async ({ url, challenge }) => {
    const { status, failure, header, metadataUrl } = await challenge();
    if (status === 0)
      return fail(
        `no answer: ${failure}`,
        'The server does not answer',
        `Look whether ${url} is the URL of the MCP server, and whether it runs.`,
      );
    if (status !== 401)
      return fail(
        `HTTP ${status} without a token`,
        'Clients sign in when they get 401, and not before',
        `Put kc.mcp({ url: '${url}' }) on the route of ${url}.`,
      );
    if (metadataUrl === undefined)
      return fail(
        `401 with ${header === '' ? 'no challenge' : header}`,
        'The challenge does not say where the metadata is (resource_metadata)',
        'Use kc.mcp; behind a proxy, let it pass WWW-Authenticate on.',
      );
    return ok('401, and where the metadata is');
  }),
  aboutServer('mcp.metadata', ['mcp.challenge'], async ({ url, challenge, metadata }) => {
    const { metadataUrl } = await challenge();
    const { json: document, failure } = await metadata();
    if (failure !== undefined)
      return fail(
        `${metadataUrl}: ${failure}`,
        'The address of the metadata does not answer as it must',
        `Look at what resource_metadata in the challenge of ${url} names.`,
      );
    if (document === undefined)
      return fail(
        `${metadataUrl} is not there`,
        'The path is outside of that of the server: nothing answers it there, or a proxy sends it elsewhere',
        `Add app.use(mcp.metadata) of const mcp = kc.mcp(…); let the proxy send ${new URL(metadataUrl ?? url).pathname} to the server.`,
      );
    if (document.resource !== url)
      return fail(
        `resource is ${String(document.resource)}`,
        `Clients were given ${url}, and accept no metadata of another URL`,
        `Give kc.mcp the url '${url}', letter by letter.`,
      );
    const supported = [document.scopes_supported ?? []].flat();
    if (supported.includes('openid'))
      return fail(
        'names the scope openid',
        'Clients register with it, and Keycloak answers 403 "Allowed Client Scopes"',
        'Take openid out of scopes_supported.',
      );
    return ok(`for ${url}`);
  }),
  aboutServer('mcp.scopes', ['mcp.metadata'], async ({ challenge, scopes }) => {
    const all = await scopes();
    // RFC 6749 §3.3: an invalid scope is not requested, and not printed in a command.
    const wrong = all.filter((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope));
    if (wrong.length > 0)
      return fail(
        `names ${wrong.length} that are no scopes`,
        `A scope has no spaces, quotes or backslashes: ${JSON.stringify(wrong[0])}`,
        'Correct scopes and tools of kc.mcp.',
      );
    if (all.length === 0)
      return fail(
        'names no scope',
        'Clients that are told no scope ask for none: their tokens have no audience, so every one is refused',
        "Give kc.mcp scopes: ['mcp:tools'], and run setup mcp.",
      );
    const { scopes: first } = await challenge();
    const later = all.filter((scope) => first.length > 0 && !first.includes(scope));
    if (later.length === 0) return ok(all.join(', '));
    return warn(
      `${later.join(', ')} only when a tool needs it`,
      'A client that registered itself keeps its first scopes: Keycloak will answer invalid_scope',
      'Give such clients the client id mcp-client, or leave scopesInChallenge at its default.',
    );
  }),
  aboutServer('mcp.provider', ['mcp.metadata'], async ({ metadata, provider }) => {
    const issuer = String([(await metadata()).json?.authorization_servers].flat()[0]);
    const document = await provider();
    if (document === undefined)
      return fail(
        `no metadata of ${issuer}`,
        'Clients look at /.well-known/oauth-authorization-server, followed by the path of the realm',
        'Let the proxy in front of Keycloak send that path on; before Keycloak 26.4 it is not there.',
      );
    if (document.issuer !== issuer)
      return fail(
        `issuer is ${String(document.issuer)}`,
        `The server says ${issuer}`,
        "Set Keycloak's hostname to the address that people use.",
      );
    return ok(issuer);
  }),
];

type LookAsAdmin = (view: McpAdminView, evidence: McpEvidence) => Finding | Promise<Finding>;

const about = (id: string, look: LookAsAdmin): Check =>
  aboutServer(id, ['mcp.keycloak'], async (evidence) => look(await evidence.admin(), evidence));

/** The command to copy: the server chose the words. */
const SETUP = (url: string, scopes: readonly string[] = []) =>
  [
    'keycloak-guard setup mcp',
    toShellWord(url),
    ...scopes.map((name) => `--scope ${toShellWord(name)}`),
  ].join(' ');

export const KEYCLOAK_CHECKS: readonly Check[] = [
  about('mcp.client', ({ state: { server } }, { url }) => {
    if (server === undefined)
      return fail(
        `no client ${url}`,
        'Nobody else may introspect tokens whose audience is the URL: Keycloak says active: false',
        SETUP(url),
      );
    if (server.publicClient)
      return fail(
        'it is public',
        'A public client may not introspect tokens',
        'Clients → this client → Client authentication: on.',
      );
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
    if (lost.length > 0)
      return fail(
        `no client scope ${lost.join(', ')}`,
        'Keycloak answers invalid_scope',
        SETUP(url, scopeNames),
      );
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
    if (!documents.isOffered || takesDocuments(documents))
      return ok(documents.isOffered ? 'a policy takes them' : 'not offered');
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
  if (lost.length > 0)
    return warn(
      `${lost.join(', ')} is not optional in the realm`,
      'Registration is refused with 403 "Allowed Client Scopes"',
      SETUP(url),
    );
  const trusted = [trustedHosts?.config?.['trusted-hosts'] ?? []].flat().filter(Boolean);
  if (trusted.length === 0)
    return warn(
      'no host is trusted',
      'Registration is refused with 403 "Trusted Hosts"; pages get "Invalid origin" too',
      `Give clients the client id mcp-client; or ${SETUP(url)} --registration, and the origins of pages under ${ORIGINS}.`,
    );
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

const mcpKeycloak = aboutServer('mcp.keycloak', ['mcp.metadata'], async (evidence) => {
  const trust = await evidence.trust();
  return 'status' in trust ? trust : ok(`${trust.serverUrl}, realm ${trust.realm}`);
});

/** The steps of an MCP client in order, then the settings that only an admin sees. */
export const MCP_CHECKS: readonly Check[] = [...SERVER_CHECKS, mcpKeycloak, ...KEYCLOAK_CHECKS];
