import { type AdminCredentials, connectAdmin } from '../../admin/connection.ts';
import { toFailure } from '../../admin/internal.ts';
import { type McpState, readMcp } from '../../admin/mcp/current.ts';
import { call, memo } from '../../keycloak/call.ts';
import { type Finding, fail, skipped } from '../../keycloak/finding.ts';
import { trimUrl } from '../../keycloak/server.ts';
import { toShellWord } from '../../terminal/output.ts';

const TIMEOUT_MS = 10_000;

export type McpEvidence = ReturnType<typeof createMcpEvidence>;

/** Where the password of the admin may go: to the Keycloak that is configured. */
export interface Trusted {
  readonly serverUrl: string;
  readonly realm: string;
}

export interface McpAdminView {
  readonly state: McpState;
  readonly givesOffline: boolean;
}

/** @param serverUrl the Keycloak that is configured */
export function createMcpEvidence(url: string, credentials?: AdminCredentials, serverUrl?: string) {
  const challenge = memo(() => readChallenge(url));
  const metadata = memo(async () => {
    const { metadataUrl } = await challenge();
    return metadataUrl === undefined ? { json: undefined, failure: undefined } : readDocument(metadataUrl);
  });
  const issuer = async () => String([(await metadata()).json?.authorization_servers].flat()[0]);
  const scopes = memo(async () => {
    const supported = [(await metadata()).json?.scopes_supported ?? []].flat().map(String);
    return [...new Set([...(await challenge()).scopes, ...supported])];
  });
  /** Keycloak's metadata at the address that MCP clients use (RFC 8414 §3.1); `undefined` if missing. */
  const provider = memo(async () => {
    const issuerUrl = await issuer();
    if (!URL.canParse(issuerUrl)) return undefined;
    const { origin, pathname } = new URL(issuerUrl);
    return (await readDocument(`${origin}/.well-known/oauth-authorization-server${pathname}`)).json;
  });
  /** Whether the password of the admin may go to the Keycloak that the server names, or why not. The server may be anybody's. */
  const trust = memo(async (): Promise<Trusted | Finding> => {
    if (credentials === undefined) return skipped('needs an admin (--admin-user)');
    const issuerUrl = await issuer();
    const [, address, name] = /^(https?:\/\/.*)\/realms\/([^/]+)$/.exec(issuerUrl) ?? [];
    const realm = name === undefined ? undefined : toRealm(name);
    if (address === undefined || name === undefined || realm === undefined || !URL.canParse(address))
      return fail(
        `the server names ${issuerUrl}`,
        'That is no realm of a Keycloak, and the password of the admin is sent to no other address',
        'Look at authorization_servers in its metadata: kc.mcp writes the issuer of the realm there.',
      );
    if (serverUrl === undefined)
      return fail(
        `the server names ${address}, and no Keycloak is configured`,
        'The password of the admin is sent to no address that only the MCP server names',
        `If that is your Keycloak: KEYCLOAK_SERVER_URL=${toShellWord(address)}`,
      );
    const configured = trimUrl(serverUrl);
    if (configured === trimUrl(address) || (await isIssuedBy(configured, name, issuerUrl)))
      return { serverUrl: configured, realm };
    return fail(
      `the server names ${address}, and KEYCLOAK_SERVER_URL is ${configured}`,
      'The two are not the same Keycloak. The password of the admin goes to the configured one alone: a server that names another may be after it',
      `If ${address} is your Keycloak, set KEYCLOAK_SERVER_URL to it. If not, correct serverUrl of the MCP server.`,
    );
  });
  /** The admin's view. Only if the Keycloak is trusted. */
  const admin = memo(async (): Promise<McpAdminView> => {
    const decision = await trust();
    if (credentials === undefined || 'status' in decision) throw new Error('the admin may not be sent there');
    const { realm, serverUrl: trusted } = decision;
    const { api } = await connectAdmin({ serverUrl: trusted, credentials, timeoutMs: TIMEOUT_MS });
    const goal = { realm, url, scopes: await scopes(), registration: true, programs: [], documents: [] };
    const [state, role] = await Promise.all([
      readMcp(api, goal),
      api.roles.findOneByName({ realm, name: `default-roles-${realm.toLowerCase()}` }),
    ]);
    const defaults = role?.id === undefined ? [] : await api.roles.getCompositeRoles({ realm, id: role.id });
    return { state, givesOffline: defaults.some(({ name }) => name === 'offline_access') };
  });
  return { url, challenge, metadata, provider, scopes, trust, admin };
}

function toRealm(name: string): string | undefined {
  try {
    const realm = decodeURIComponent(name);
    return /^\.*$|[/?#\\]/.test(realm) ? undefined : realm;
  } catch {
    return undefined;
  }
}

/** Whether the configured Keycloak itself says that it is the issuer: it may be called by another name from here. */
async function isIssuedBy(serverUrl: string, realm: string, issuer: string): Promise<boolean> {
  const { json } = await readDocument(`${serverUrl}/realms/${realm}/.well-known/openid-configuration`);
  return json?.issuer === issuer;
}

/** Its status and its header alone: what an open server answers may be a stream without an end. */
async function readChallenge(url: string) {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    });
    await answer.body?.cancel();
    const header = answer.headers.get('www-authenticate') ?? '';
    const param = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(header)?.[1];
    return {
      status: answer.status,
      failure: undefined,
      header,
      metadataUrl: param('resource_metadata'),
      scopes: (param('scope') ?? '').split(' ').filter(Boolean),
    };
  } catch (error) {
    const { failure } = toFailure(error);
    return { status: 0, failure, header: '', metadataUrl: undefined, scopes: [] as string[] };
  }
}

async function readDocument(url: string) {
  const { status, json, failure } = await call(url, {}, TIMEOUT_MS);
  return status >= 200 && status < 300 ? { json, failure: undefined } : { json: undefined, failure };
}
