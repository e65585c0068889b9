import { type AdminCredentials, connectAdmin, type McpState, readMcp } from '../../admin/index.ts';

const TIMEOUT_MS = 10_000;

/** A server's answer to a request without a token. */
export interface McpChallenge {
  readonly status: number;
  readonly header: string;
  readonly metadataUrl: string | undefined;
  readonly scopes: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/** What checks of an MCP server examine. Each is read once, when a check needs it. */
export interface McpEvidence {
  readonly url: string;
  challenge(): Promise<McpChallenge>;
  /** The server's metadata (RFC 9728); `undefined` if there is none. */
  metadata(): Promise<Json | undefined>;
  /** Keycloak's metadata, where MCP clients look for it (RFC 8414 §3.1); `undefined` if there is none. */
  provider(): Promise<Json | undefined>;
  /** All scopes that the server lists. */
  scopes(): Promise<string[]>;
  /** The admin's view; `null` if no admin was given. */
  admin(): Promise<McpAdminView | null>;
}

export interface McpAdminView {
  readonly state: McpState;
  /** Whether every user may get offline tokens. */
  readonly givesOffline: boolean;
}

export function createMcpEvidence(url: string, credentials: AdminCredentials | undefined): McpEvidence {
  const once = <T>(look: () => Promise<T>): (() => Promise<T>) => {
    let found: Promise<T> | undefined;
    return () => {
      found ??= look();
      return found;
    };
  };
  const challenge = once(() => readChallenge(url));
  const metadata = once(async () => {
    const { metadataUrl } = await challenge();
    return metadataUrl === undefined ? undefined : readJson(metadataUrl);
  });
  const issuer = async () => [(await metadata())?.authorization_servers].flat()[0];
  const scopes = once(async () => {
    const named = [(await metadata())?.scopes_supported ?? []].flat().map(String);
    return [...new Set([...(await challenge()).scopes, ...named])];
  });
  const provider = once(async () => {
    const found = String(await issuer());
    if (!URL.canParse(found)) return undefined;
    const { origin, pathname } = new URL(found);
    return readJson(`${origin}/.well-known/oauth-authorization-server${pathname}`);
  });
  const admin = once(async (): Promise<McpAdminView | null> => {
    const [, serverUrl, realm] = /^(.*)\/realms\/([^/]+)$/.exec(String(await issuer())) ?? [];
    if (credentials === undefined || serverUrl === undefined || realm === undefined) return null;
    const { api } = await connectAdmin({ serverUrl, credentials, timeoutMs: TIMEOUT_MS });
    const goal = { realm, url, scopes: await scopes(), registration: true, documents: [] };
    const [state, role] = await Promise.all([
      readMcp(api, goal),
      api.roles.findOneByName({ realm, name: `default-roles-${realm.toLowerCase()}` }),
    ]);
    const defaults = role?.id === undefined ? [] : await api.roles.getCompositeRoles({ realm, id: role.id });
    return {
      state,
      givesOffline: defaults.some(({ name }) => name === 'offline_access'),
    };
  });
  return { url, challenge, metadata, provider, scopes, admin };
}

async function readChallenge(url: string): Promise<McpChallenge> {
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
    header,
    metadataUrl: param('resource_metadata'),
    scopes: (param('scope') ?? '').split(' ').filter(Boolean),
  };
}

async function readJson(url: string): Promise<Json | undefined> {
  const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) return undefined;
  const found: unknown = await answer.json().catch(() => undefined);
  return typeof found === 'object' && found !== null ? (found as Json) : undefined;
}
