import { AuthError, type Principal, type Verifier } from '../../core/index.ts';
import {
  type Answer,
  authorizationOf,
  type Gate,
  headerOf,
  isThenable,
  makerOf,
  personInTenant,
  type RequestLike,
  requireScope,
} from '../../core/internal.ts';
import { type Connection, type Door, isForTenants, type Routes, withTenant } from '../engine/internal.ts';
import { type McpAuthInfo, toAuthInfo } from './auth-info.ts';
import { neededScopes } from './needed-scopes.ts';
import { type McpOptions, type ResolvedMcpOptions, resolveMcpOptions } from './options.ts';
import { createPlace } from './place.ts';
import { createSessionOwners } from './session-owners.ts';

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

/** The guard of an MCP server, without a framework. */
export interface McpServer<Incoming, Outgoing> {
  /** Whether a request is for this server. */
  isFor(url: string | undefined): boolean;
  /** CORS headers for a page of an allowed origin; empty for any other request. */
  corsHeaders(request: RequestLike): Readonly<Record<string, string>>;
  /** The answer to a preflight request of such a page, or `undefined` for any other request. */
  preflight(request: RequestLike): Answer | undefined;
  /**
   * Checks everything but the scopes of tools, before the body is read.
   *
   * @throws {AuthError} rejects with the refusal
   */
  admit(request: Incoming, outgoing: Outgoing): Promise<McpCaller>;
  /** Whether `assertMayCall` has to see bodies. */
  readonly readsBodies: boolean;
  /** @throws {AuthError} if the body calls a tool that needs a scope the token lacks */
  assertMayCall(request: Incoming, caller: McpCaller, body: unknown): void;
}

/** The server that a request is for: its URL, and how tokens write it. */
type Resource = Pick<ResolvedMcpOptions, 'audience' | 'url'>;

/** The part of an engine that an MCP server needs. */
export type McpDoor<Incoming, Outgoing> = Pick<
  Door<Incoming, Outgoing, never>,
  'toRequest' | 'clock' | 'connections' | 'protectedResource' | 'statelessGate' | 'refusalOf' | 'tenantAt'
>;

/**
 * The guard of an MCP server, and the routes of its metadata.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function openMcp<Incoming, Outgoing>(
  door: McpDoor<Incoming, Outgoing>,
  options: McpOptions,
): { readonly server: McpServer<Incoming, Outgoing>; readonly routes: Routes<Incoming> } {
  const resolved = resolveMcpOptions(options);
  const { resource, challenged, path } = resolved;
  const routes = door.protectedResource(resource, { challenged, path });
  return { server: createMcpServer(resolved, door.statelessGate(), door), routes };
}

/** @param gate without requirements and without session cookies, which another site could make a browser send */
function createMcpServer<Incoming, Outgoing>(
  options: ResolvedMcpOptions,
  gate: Gate<Incoming, Outgoing>,
  { toRequest, clock, connections, tenantAt }: McpDoor<Incoming, Outgoing>,
): McpServer<Incoming, Outgoing> {
  const { url, path, scopes, tools, allowedOrigins } = options;
  const places = options.places.map(createPlace);
  const resourceOf = isForTenants(path)
    ? (request: Incoming): Resource => {
        const audience = withTenant(options.audience, tenantAt?.(request, path) ?? '');
        return { audience, url: new URL(audience) };
      }
    : (): Resource => options;
  const owners = createSessionOwners(clock);
  let isSharingTold = false;
  const requireScopes = scopes.length === 0 ? () => {} : requireScope(...scopes);

  function assertOrigin(request: RequestLike): void {
    const origin = headerOf(request.headers, 'origin');
    if (origin === undefined || allowedOrigins.has(origin)) return;
    throw new AuthError('cross_origin_request', 'A page of another origin calls the MCP server', {
      expected: `Origin ${[...allowedOrigins].join(' or ')}`,
      seen: `Origin ${origin}`,
    });
  }

  /** A token is as good at each resource that it names: the one can call the other as its users (RFC 8707 §3). */
  function tellOfSharing(principal: Principal, audience: string): void {
    if (isSharingTold) return;
    const others = principal.audience.filter((one) => one !== audience && /^https?:\/\//i.test(one));
    if (others.length === 0) return;
    isSharingTold = true;
    ((makerOf(principal) ?? {}) as Partial<Verifier>).notify?.({
      level: 'warn',
      code: 'audience_shared',
      message: `A token for ${audience} names another resource too: ${others.join(', ')}`,
      fix: 'Give each MCP server a client scope of its own, with its audience alone',
    });
  }

  /** Checks that the token is for this server, has the scopes that every request needs, and owns its session. */
  function check(principal: Principal, audience: string, sessionId: string | undefined, owner: string): void {
    if (!principal.audience.includes(audience)) {
      throw new AuthError('token_audience', 'The token is not for this MCP server', {
        expected: `aud ${audience}`,
        seen: principal.audience.join(', ') || 'none',
      });
    }
    requireScopes(principal);
    tellOfSharing(principal, audience);
    if (sessionId !== undefined && !owners.isFor(sessionId, owner)) {
      throw new AuthError(
        'mcp_session_unknown',
        'The session was not given to this person, or not by this process',
        {
          expected: 'a session that this process gave to the person, and that was used within a day',
        },
      );
    }
  }

  function toCaller(
    request: Incoming,
    wire: RequestLike,
    { audience, url }: Resource,
    principal: Principal,
  ): McpCaller {
    const sessionId = headerOf(wire.headers, 'mcp-session-id');
    const owner = personInTenant(principal);
    check(principal, audience, sessionId, owner);
    return {
      principal,
      auth: toAuthInfo(principal, authorizationOf(wire) ?? '', url),
      follow: () => connections.follow(request, principal),
      onHead(status, given) {
        const isOver = wire.method === 'DELETE' && status < 300;
        if (isOver && sessionId !== undefined) owners.drop(sessionId);
        else if (given !== undefined) owners.give(given, owner);
      },
    };
  }

  /** Refuses as the gate does: listeners are called, and the challenge points to the metadata. */
  function orRefuse<T>(request: Incoming, principal: Principal | null, act: () => T): T {
    try {
      return act();
    } catch (error) {
      gate.refuse(request, error, principal);
      throw error;
    }
  }

  const isFromAllowedPage = (request: RequestLike): string | undefined => {
    const origin = headerOf(request.headers, 'origin');
    return origin !== undefined && origin !== url.origin && allowedOrigins.has(origin) ? origin : undefined;
  };

  function corsHeaders(request: RequestLike): Record<string, string> {
    const origin = isFromAllowedPage(request);
    if (origin === undefined) return {};
    return {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'mcp-session-id, www-authenticate, dpop-nonce',
      vary: 'origin',
    };
  }

  return {
    isFor: (target) => places.some((isAt) => isAt(target)),
    corsHeaders,
    preflight(request) {
      const asked = headerOf(request.headers, 'access-control-request-headers') ?? '';
      const isOne = headerOf(request.headers, 'access-control-request-method') !== undefined;
      if (request.method !== 'OPTIONS' || !isOne || isFromAllowedPage(request) === undefined)
        return undefined;
      const headers = {
        ...corsHeaders(request),
        'access-control-allow-methods': 'GET, POST, DELETE',
        'access-control-max-age': '600',
        // Any header: without cookies, a page sends nothing but its own data.
        ...(/^[\w!#$%&'*+.^`|~, -]+$/.test(asked) && { 'access-control-allow-headers': asked }),
      };
      return { status: 204, headers, setCookies: [], body: undefined };
    },
    async admit(request, outgoing) {
      const wire = toRequest(request);
      const resource = orRefuse(request, null, () => {
        assertOrigin(wire);
        return resourceOf(request);
      });
      const found = gate.decide(request, outgoing);
      const principal = (isThenable(found) ? await found : found) as Principal;
      return orRefuse(request, principal, () => toCaller(request, wire, resource, principal));
    },
    readsBodies: tools.size > 0,
    assertMayCall(request, { principal }, body) {
      const needed = neededScopes(body, tools);
      if (needed.every((scope) => principal.scopes.includes(scope))) return;
      // Name them all: a new token has only the scopes that the client asks for.
      const kept = [...tools.values()].flat().filter((one) => principal.scopes.includes(one));
      orRefuse(request, principal, () => {
        throw new AuthError('scope_missing', 'The tool needs a scope that the token lacks', {
          expected: `scope ${needed.join(' and ')}`,
          seen: principal.scopes.join(', ') || 'none',
          scope: [...new Set([...scopes, ...kept, ...needed])].join(' '),
        });
      });
    },
  };
}
