import type { TestContext } from 'node:test';
import type { McpOptions } from '../../../packages/guard/src/adapters/engine/index.ts';
import type { AuthError, VerifierOptions } from '../../../packages/guard/src/core/index.ts';
import { createTestRealm } from '../../support/test-realm.ts';
import type { RunningApp } from '../adapter/adapter.ts';

/** What an app of the contract is made with. */
export interface McpGiven {
  readonly keycloak: VerifierOptions;
  readonly mcp: McpOptions;
  readonly onDenied: (error: AuthError) => void;
  /** Whether the application answers the metadata, where that is its own work. Default true. */
  readonly publishes?: boolean | undefined;
  /** A guard of the framework's own stands before the route, too. */
  readonly isGuardedTwice?: boolean | undefined;
  /** The framework's usual JSON parser stands in front of the guard. */
  readonly parsesBodies: boolean;
}

/**
 * An app with a guarded MCP server at `/mcp`, or one for each tenant at `/t/:tenant/mcp`, which answers `{ auth, username, body }`: what the guard left in the request. A
 * message with the method `initialize` gets its `id` as a session; after `DELETE` the answer is 204.
 */
export interface McpAdapter {
  readonly name: string;
  /** Bodies are parsed by the framework, whatever is in front. */
  readonly alwaysParses?: boolean;
  /** There is no router, so no parameter of a route can name another tenant than the application. */
  readonly isRouterless?: boolean;
  /** The adapter answers the metadata without being asked to. */
  readonly alwaysPublishes?: boolean;
  start(given: McpGiven): Promise<RunningApp>;
}

export const URL_OF_SERVER = 'https://tools.example.com/mcp';
export const MCP: McpOptions = {
  url: URL_OF_SERVER,
  scopes: ['mcp:tools'],
  tools: { 'delete-order': 'mcp:write', audit: ['mcp:audit', 'mcp:write'] },
  scopesInChallenge: 'required',
  allowedOrigins: ['http://localhost:6274'],
};

/** The app, for a realm in memory whose tokens are for the MCP server. */
export async function setUp(
  t: TestContext,
  adapter: McpAdapter,
  mcp: Partial<McpOptions> = {},
  parses = false,
  more: Pick<McpGiven, 'isGuardedTwice' | 'publishes'> &
    Pick<VerifierOptions, 'onNotice' | 'observers'> & { readonly dpop?: 'accepted' } = {},
) {
  const realm = createTestRealm({ clientId: 'my-api' });
  const { serverUrl, realm: name, fetch: ask, clock } = realm;
  const denied: AuthError[] = [];
  const app = await adapter.start({
    // Its own audience rule is another one.
    keycloak: {
      serverUrl,
      realm: name,
      clientId: 'my-api',
      audience: ['my-api', URL_OF_SERVER],
      fetch: ask,
      clock,
      onNotice: more.onNotice ?? false,
      observers: more.observers,
      dpop: more.dpop,
      publicUrl: new URL(URL_OF_SERVER).origin,
    },
    mcp: { ...MCP, ...mcp },
    onDenied: (error) => denied.push(error),
    parsesBodies: parses,
    isGuardedTwice: more.isGuardedTwice,
    publishes: more.publishes,
  });
  t.after(() => app.close());
  const mint = (changes: Record<string, unknown> = {}) =>
    realm.mint({ aud: URL_OF_SERVER, scope: 'mcp:tools', ...changes });
  const send = (token: string | undefined, body: unknown, init: RequestInit & { path?: string } = {}) =>
    fetch(`${app.url}${init.path ?? '/mcp'}`, {
      method: 'POST',
      ...init,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(init.headers as Record<string, string>),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return { realm, app, denied, mint, send };
}

export const call = (tool: unknown) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: tool, arguments: {} },
});
