import { takesDocuments } from '../../../admin/index.ts';
import { type Check, type Finding, fail, ok, skipped, warn } from '../../check.ts';
import type { DoctorContext } from '../../context.ts';
import type { McpAdminView, McpEvidence } from '../../evidence/mcp.ts';
import { evidenceOf } from './server.ts';

type Look = (view: McpAdminView, evidence: McpEvidence) => Finding | Promise<Finding>;

const check = (id: string, look: Look): Check => ({
  id,
  needs: ['mcp.provider'],
  async run(context: DoctorContext) {
    const evidence = evidenceOf(context);
    const view = await evidence.admin();
    return view === null ? skipped('needs an admin (--admin-user)') : look(view, evidence);
  },
});

const SETUP = (url: string) => `keycloak-guard setup --mcp ${url}`;

/** Checks that need an admin. */
export const KEYCLOAK_CHECKS: readonly Check[] = [
  check('mcp.client', ({ state: { server } }, { url }) => {
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
  check('mcp.audience', async ({ state: { scopes } }, evidence) => {
    const { url } = evidence;
    const wanted = await evidence.scopes();
    const lost = wanted.filter((name) => !scopes.some((one) => one.name === name));
    if (lost.length > 0) {
      return fail(
        `no client scope ${lost.join(', ')}`,
        'Keycloak answers invalid_scope',
        `${SETUP(url)} ${wanted.map((name) => `--mcp-scope ${name}`).join(' ')}`,
      );
    }
    const mapped = scopes.some(({ protocolMappers }) =>
      protocolMappers?.some(({ config }) => config?.['included.client.audience'] === url),
    );
    if (mapped) return ok('its scopes name the server as the audience');
    return fail(
      'no scope has an audience mapper for the server',
      'Tokens have no aud, so every one is refused',
      `${SETUP(url)} ${wanted.map((name) => `--mcp-scope ${name}`).join(' ')}`,
    );
  }),
  check('mcp.username', ({ state: { scopes } }, { url }) => {
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
  check('mcp.registration', ({ state }, evidence) => explainRegistration(state, evidence)),
  check('mcp.offline', ({ givesOffline }) =>
    givesOffline
      ? ok('everybody may get offline tokens')
      : warn(
          'new users do not have the role offline_access',
          'Version 2 of the SDK asks for it by itself: 400 "Offline tokens not allowed"',
          'Give the role offline_access to the users of MCP clients.',
        ),
  ),
  check('mcp.metadata-documents', ({ state: { documents } }, { url }) => {
    if (!documents.isOffered || takesDocuments(documents)) {
      return ok(documents.isOffered ? 'a policy takes them' : 'not offered');
    }
    return fail(
      'offered, and no policy takes them',
      'Clients choose a client id that is a URL, and Keycloak says "Client not found"',
      `${SETUP(url)} --mcp-documents, with the domains of the programs; or switch the feature cimd off.`,
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
  if ([trustedHosts?.config?.['trusted-hosts'] ?? []].flat().filter(Boolean).length === 0) {
    return warn(
      'no host is trusted',
      'Registration is refused with 403 "Trusted Hosts"; pages get "Invalid origin" besides',
      `Give clients the client id mcp-client; or ${SETUP(url)} --mcp-registration, and the origins of pages under ${ORIGINS}.`,
    );
  }
  return ok(
    webOrigins.length > 0
      ? `from trusted hosts, and from pages of ${webOrigins.join(', ')}`
      : `from trusted hosts; pages get "Invalid origin" (${ORIGINS})`,
  );
}

const ORIGINS = 'Clients → Client registration → Allowed Registration Web Origins';
