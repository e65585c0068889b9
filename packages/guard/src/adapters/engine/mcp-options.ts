import type { Principal } from '../../core/index.ts';
import { checkOptions, isPlainObject, type OptionRules } from '../../core/internal.ts';
import type { Connection } from './connection.ts';
import type { Engine } from './engine.ts';
import type { ProtectedResourceOptions } from './parts/resource-metadata.ts';
import { type DescribedResource, RESOURCE_RULES } from './protected-resource.ts';

/** Options of an MCP server. */
export interface McpOptions extends Omit<ProtectedResourceOptions, 'scopesInChallenge'> {
  /**
   * The URL that people enter in their MCP clients, for example `https://example.com/mcp`. Tokens must name it as an audience
   * (`aud`), whichever audiences the verifier accepts: a token for another server must not work here (RFC 8707). With `:tenant`
   * in its path, each tenant has a server of its own: see `ProtectedResourceOptions`.
   */
  readonly url: string;
  /** Scopes that every request needs. In Keycloak, one of them carries the audience mapper. Default none. */
  readonly scopes?: readonly string[] | undefined;
  /**
   * Further scopes that single tools need, by the tool's name. A token without one is answered 403 `insufficient_scope`,
   * which names the scopes to ask for. Default none.
   */
  readonly tools?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /**
   * Scopes that the challenge to a caller without a token names. `true`: all, those of the tools too. `'required'`: those
   * that every request needs; those of a tool when it is called. `false`: none. Clients that registered themselves keep the
   * scopes of their first challenge, so use `'required'` only with clients set up in advance. Default true.
   */
  readonly scopesInChallenge?: boolean | 'required' | undefined;
  /**
   * Origins whose pages may call this server, for example `['http://localhost:6274']` for the MCP Inspector. They get the CORS
   * headers they need. The server's own origin is always allowed. Pages of other origins are refused, which stops DNS
   * rebinding. Default none.
   */
  readonly allowedOrigins?: readonly string[] | undefined;
}

const isScopes = (value: unknown): boolean =>
  RESOURCE_RULES.scopes.accepts([value].flat()) && [value].flat().length > 0;

const RULES: OptionRules<McpOptions> = {
  ...RESOURCE_RULES,
  tools: {
    rule: 'must be an object with one scope or a list of scopes for each tool',
    example: "{ 'delete-order': 'orders:write' }",
    // A Map has no members of its own: every tool would be open.
    accepts: (value) => isPlainObject(value) && Object.values(value).every(isScopes),
  },
  scopesInChallenge: {
    rule: "must be true, false or 'required'",
    example: 'true',
    accepts: (value) => typeof value === 'boolean' || value === 'required',
  },
  allowedOrigins: {
    rule: 'must be a list of origins: only scheme, host and port',
    example: "['http://localhost:6274']",
    accepts: (value) =>
      Array.isArray(value) &&
      value.every((one) => typeof one === 'string' && URL.canParse(one) && new URL(one).origin === one),
  },
};

/** {@link McpOptions} with every default filled in. */
export type ResolvedMcpOptions = ReturnType<typeof resolveMcpOptions>;

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function resolveMcpOptions(options: McpOptions) {
  checkOptions('mcp', options, RULES);
  const { scopes = [], scopesInChallenge = true, allowedOrigins = [] } = options;
  const url = new URL(options.url);
  const tools = new Map(Object.entries(options.tools ?? {}).map(([tool, needs]) => [tool, [needs].flat()]));
  const all = [...new Set([...scopes, ...[...tools.values()].flat()])];
  return {
    url,
    /** The URL as it was written, because audiences are compared as texts. */
    audience: options.url,
    scopes,
    /** A map, so that a tool named `constructor` is a name like any other. */
    tools,
    allowedOrigins: new Set([url.origin, ...allowedOrigins]),
    /** Options of the metadata. */
    resource: { url: options.url, scopes: all },
    /** Scopes that challenges name. */
    challenged: scopesInChallenge === true ? all : scopesInChallenge === 'required' ? scopes : [],
  };
}

/** The caller in the shape of the MCP SDK's `AuthInfo`. Tools find it as `extra.authInfo` in 1.x, `ctx.http.authInfo` in 2.x. */
export interface McpAuthInfo {
  /** The access token as it was sent. */
  readonly token: string;
  /** Client that the token was issued to. */
  readonly clientId: string;
  /** Scopes of the token. */
  readonly scopes: string[];
  /** When the token expires. Unit: seconds since 1970. */
  readonly expiresAt: number;
  /** URL of the MCP server. */
  readonly resource: URL;
  /** The verified caller, with roles and claims. */
  readonly extra: { readonly principal: Principal };
}

/** An admitted caller. */
export interface McpCaller {
  readonly principal: Principal;
  /** Set it as `auth` on the request: the SDK's transport reads it there. */
  readonly auth: McpAuthInfo;
  /** Watches an answer that is a stream: its signal aborts when the token expires or the session ends. */
  follow(): Connection;
  /** Call it with the head of the answer, before that is sent. @param sessionId its `Mcp-Session-Id`, if it has one */
  onHead(status: number, sessionId: string | undefined): void;
}

/** The server as a resource, and whether its metadata is answered. */
export interface McpResource<Incoming> extends DescribedResource<Incoming> {
  isPublished(): boolean;
}

/** The members of an engine that an MCP server needs. */
export type McpEngine<Incoming, Outgoing> = Pick<
  Engine<Incoming, Outgoing, never>,
  | 'addToAnswer'
  | 'toRequest'
  | 'clock'
  | 'connections'
  | 'describeResource'
  | 'tokenGuard'
  | 'refusalOf'
  | 'notify'
  | 'tenantOf'
>;

/** A guard with the middleware that answers its metadata (RFC 9728). */
export type WithMetadata<Guard, Metadata = Guard> = Guard & {
  /**
   * Answers `GET /.well-known/oauth-protected-resource`, followed by the path of the server's URL: put it at the root of the
   * application, open to everybody. Without it, MCP clients do not find Keycloak.
   */
  readonly metadata: Metadata;
};
