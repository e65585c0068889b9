import { withoutEndSlashes } from 'keycloak-guard/unstable';
import { type Mapper, toAudienceMapper } from '../mappers.ts';
import { PLAIN_CLIENT } from '../plan/complete-client.ts';

export interface McpGoal {
  readonly realm: string;
  readonly url: string;
  readonly scopes: readonly string[];
  readonly registration: boolean;
  readonly programs: readonly string[];
  readonly documents: readonly string[];
}

/**
 * The scope of a server that names none. It has the server's name in it: a scope that two servers shared would give each of
 * them tokens for the other.
 */
export function toDefaultScope(url: string): string {
  const { host, pathname } = new URL(url);
  return `mcp:${host}${withoutEndSlashes(pathname)}`;
}

export const MCP_CLIENT_ID = 'mcp-client';

/**
 * The server's own client. Its client id is the URL, which the audience mapper writes into `aud`. It is confidential, because
 * only the audience of a token may introspect it. It has no sign-in.
 */
export function toServerClient({ url }: McpGoal) {
  const attributes = { resource_url: url };
  return { ...PLAIN_CLIENT, clientId: url, clientAuthenticatorType: 'client-secret', attributes };
}

/** Programs on the person's own machine, on any port (RFC 8252 §7.3). PKCE protects their codes. */
export const MCP_CLIENT = {
  ...PLAIN_CLIENT,
  clientId: MCP_CLIENT_ID,
  publicClient: true,
  standardFlowEnabled: true,
  redirectUris: ['http://127.0.0.1/*', 'http://localhost/*'],
  webOrigins: ['+'],
  attributes: { 'pkce.code.challenge.method': 'S256', 'post.logout.redirect.uris': '+' },
};

/** Two mappers for each scope: one says which server the token is for, one says who the person is. */
export function toScopeMappers({ url }: McpGoal): [audience: Mapper, username: Mapper] {
  const audience = toAudienceMapper(url);
  const { 'included.client.audience': _, ...inToken } = audience.config;
  // Clients that register get no other scope with the name of the person.
  const config = {
    ...inToken,
    'claim.name': 'preferred_username',
    'user.attribute': 'username',
    'jsonType.label': 'String',
  };
  const protocolMapper = 'oidc-usermodel-attribute-mapper';
  return [audience, { ...audience, name: 'username', protocolMapper, config }];
}

export const SCOPE_ATTRIBUTES = { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'true' };

/** From where programs may register: this machine. A host is not proven by its name alone, an address is. */
export const TRUSTED_HOSTS: readonly string[] = ['127.0.0.1', 'localhost', '::1'];

export interface Program {
  /**
   * Hosts of its `client_uri` and its redirect URIs, beside this machine. Keycloak's policy Trusted Hosts compares them
   * (`client-uris-must-match`); for a URI with the program's own scheme, the part in place of the host.
   */
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
}

/** MCP clients that register by themselves, with their addresses in 2026. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  vscode: { hosts: ['code.visualstudio.com', 'vscode.dev', 'insiders.vscode.dev'], origins: [] },
  claude: { hosts: ['claude.ai', 'claude.com'], origins: [] },
  cursor: { hosts: ['anysphere.cursor-mcp', 'cursor.com', 'www.cursor.com'], origins: [] },
  inspector: { hosts: ['github.com'], origins: ['http://localhost:6274', 'http://127.0.0.1:6274'] },
  'mcp-remote': { hosts: ['github.com'], origins: [] },
};

export function needsOf(names: readonly string[]): Program {
  const programs = names.flatMap((name) => PROGRAMS[name] ?? []);
  return {
    hosts: [...new Set(programs.flatMap(({ hosts }) => hosts))],
    origins: [...new Set(programs.flatMap(({ origins }) => origins))],
  };
}

export function judgePrograms(trusted: readonly string[]): {
  readonly may: string[];
  readonly mayNot: string[];
} {
  const isTrusted = (host: string) =>
    trusted.some((one) => one === host || (one.startsWith('*.') && host.endsWith(one.slice(1))));
  const names = Object.keys(PROGRAMS);
  const may = names.filter((name) => PROGRAMS[name]?.hosts.every(isTrusted));
  return { may, mayNot: names.filter((name) => !may.includes(name)) };
}
