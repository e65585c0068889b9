import { AuthError, type Principal, type Verifier } from '../../../core/index.ts';
import {
  type Answer,
  authorizationOf,
  GUARDS_OF_LISTS,
  headerOf,
  isThenable,
  makerOf,
  once,
  personOf,
  type RequestLike,
  tenantsOf,
} from '../../../core/internal.ts';
import type { McpAuthInfo, McpCaller, McpEngine, McpResource, ResolvedMcpOptions } from '../mcp-options.ts';
import { isForTenants, withTenant } from '../routes.ts';
import { neededScopes } from './mcp-messages.ts';
import { createSessionOwners } from './mcp-sessions.ts';

/** The guard of an MCP server, without a framework. */
export function createMcpServer<Incoming, Outgoing>(
  options: ResolvedMcpOptions,
  { metadataUrl, challengedFor, isPublished }: McpResource<Incoming>,
  engine: McpEngine<Incoming, Outgoing>,
) {
  const { url, audience, scopes, tools, challenged } = options;
  const { toRequest, connections, tokenGuard, tenantOf } = engine;
  const resourceOf = (request: Incoming): string =>
    isForTenants(audience) ? withTenant(audience, tenantOf?.(request) ?? '') : audience;
  // Without session cookies, which another site could make a browser send.
  const guard = tokenGuard({
    resourceOf: (request) => challengedFor(request, challenged),
    compiledFor: (request) => ({
      check: (principal) => assertCaller(request, principal),
      tenant: undefined,
    }),
  });
  const watcher = connections.watcher();
  watcher.catch(() => {});
  const pages = createAllowedPages(options);
  const owners = createSessionOwners(engine.clock);
  const assertForResource = createCallerCheck(scopes);
  const reportUnpublished = once(() =>
    engine.notify({
      level: 'warn',
      code: 'mcp_metadata_missing',
      message: `Nothing here answers ${metadataUrl}, so MCP clients do not find Keycloak`,
      fix: 'Keep what kc.mcp gives: const mcp = kc.mcp(…), and add app.use(mcp.metadata) at the root of the application',
    }),
  );

  const sessionOf = (request: Incoming) => headerOf(toRequest(request).headers, 'mcp-session-id');

  function assertCaller(request: Incoming, principal: Principal): void {
    assertForResource(principal, resourceOf(request));
    const sessionId = sessionOf(request);
    if (sessionId !== undefined && !owners.isFor(sessionId, ownerOf(principal))) throw toUnknownSession();
  }

  function toCaller(
    request: Incoming,
    resource: string,
    principal: Principal,
    follow: Awaited<typeof watcher>,
  ): McpCaller {
    const sent = toRequest(request);
    const sessionId = sessionOf(request);
    const address = resource === audience ? url : new URL(resource);
    return {
      principal,
      auth: toAuthInfo(principal, authorizationOf(sent) ?? '', address),
      follow: () => follow(request, principal),
      onHead(status, opened) {
        const isOver = sent.method === 'DELETE' && status < 300;
        if (isOver && sessionId !== undefined) owners.drop(sessionId);
        else if (opened !== undefined) owners.give(opened, ownerOf(principal), principal.tenant);
      },
    };
  }

  /** Refuses as the guard does: listeners are called, and the challenge points to the metadata. */
  function orRefuse<T>(request: Incoming, principal: Principal | null, act: () => T): T {
    try {
      return act();
    } catch (error) {
      guard.refuse(request, error, principal);
      throw error;
    }
  }

  return {
    ...{ corsHeaders: pages.corsHeaders, preflight: pages.preflight },
    /**
     * Checks everything but the scopes of tools, before the body is read.
     *
     * @throws {AuthError} rejects with the refusal
     */
    async admit(request: Incoming, outgoing: Outgoing): Promise<McpCaller> {
      if (!isPublished()) reportUnpublished();
      const resource = orRefuse(request, null, () => {
        pages.assertAllowed(toRequest(request));
        return resourceOf(request);
      });
      const decision = guard.decide(request, outgoing);
      const principal = (isThenable(decision) ? await decision : decision) as Principal;
      return toCaller(request, resource, principal, await watcher);
    },
    /** Whether `assertMayCall` has to see bodies. */
    readsBodies: tools.size > 0,
    /** @throws {AuthError} if the body calls a tool that needs a scope the token lacks */
    assertMayCall(request: Incoming, { principal }: McpCaller, body: unknown): void {
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

/** The pages of other origins that may call a server, by CORS. */
function createAllowedPages({ url, allowedOrigins }: Pick<ResolvedMcpOptions, 'url' | 'allowedOrigins'>) {
  /** The origin of a page that is allowed, if it is not the server's own. */
  function originOf(request: RequestLike): string | undefined {
    const origin = headerOf(request.headers, 'origin');
    return origin !== undefined && origin !== url.origin && allowedOrigins.has(origin) ? origin : undefined;
  }

  /** CORS headers for a page of an allowed origin; empty for any other request. */
  function corsHeaders(request: RequestLike): Record<string, string> {
    const origin = originOf(request);
    if (origin === undefined) return {};
    return {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'mcp-session-id, www-authenticate, dpop-nonce',
      vary: 'origin',
    };
  }

  return {
    corsHeaders,
    /** The answer to a preflight request of such a page, or `undefined` for any other request. */
    preflight(request: RequestLike): Answer | undefined {
      const sent = headerOf(request.headers, 'access-control-request-headers') ?? '';
      const isOne = headerOf(request.headers, 'access-control-request-method') !== undefined;
      if (request.method !== 'OPTIONS' || !isOne || originOf(request) === undefined) return undefined;
      const headers = {
        ...corsHeaders(request),
        'access-control-allow-methods': 'GET, POST, DELETE',
        'access-control-max-age': '600',
        // Any header: without cookies, a page sends nothing but its own data.
        ...(/^[\w!#$%&'*+.^`|~, -]+$/.test(sent) && { 'access-control-allow-headers': sent }),
      };
      return { status: 204, headers, setCookies: [], body: undefined };
    },
    /** @throws {AuthError} `cross_origin_request`, which stops DNS rebinding */
    assertAllowed(request: RequestLike): void {
      const origin = headerOf(request.headers, 'origin');
      if (origin === undefined || allowedOrigins.has(origin)) return;
      throw new AuthError('cross_origin_request', 'A page of another origin calls the MCP server', {
        expected: `Origin ${[...allowedOrigins].join(' or ')}`,
        seen: `Origin ${origin}`,
      });
    },
  };
}

/** Checks that a token is for a server, and has the scopes that every request needs. */
function createCallerCheck(scopes: readonly string[]) {
  const requireScopes = scopes.length === 0 ? () => {} : GUARDS_OF_LISTS.scope(...scopes);
  let isSharingReported = false;

  /** A token is as good at each resource that it names: the one can call the other as its users (RFC 8707 §3). */
  function reportSharing(principal: Principal, resource: string): void {
    if (isSharingReported) return;
    const others = principal.audience.filter((one) => one !== resource && /^https?:\/\//i.test(one));
    if (others.length === 0) return;
    isSharingReported = true;
    ((makerOf(principal) ?? {}) as Partial<Verifier>).notify?.({
      level: 'warn',
      code: 'audience_shared',
      message: `A token for ${resource} names another resource too: ${others.join(', ')}`,
      fix: 'Give each MCP server a client scope of its own, with its audience alone',
    });
  }

  return (principal: Principal, resource: string): void => {
    if (!principal.audience.includes(resource)) {
      throw new AuthError('token_audience', 'The token is not for this MCP server', {
        expected: `aud ${resource}`,
        seen: principal.audience.join(', ') || 'none',
      });
    }
    requireScopes(principal);
    reportSharing(principal, resource);
  };
}

/**
 * One realm may say that it has the issuer of another; and who acts for other organizations, or for fewer, finds nothing of those
 * before.
 */
const ownerOf = (principal: Principal): string =>
  JSON.stringify([personOf(principal), ...[...tenantsOf(principal)].sort()]);

const toUnknownSession = () =>
  new AuthError(
    'mcp_session_unknown',
    'The session was not given to this person for these tenants, or not by this process',
    { expected: 'a session that this process gave to the person for them, and that was used within a day' },
  );

/** @param authorization the header that was verified */
export function toAuthInfo(principal: Principal, authorization: string, resource: URL): McpAuthInfo {
  const info: McpAuthInfo = {
    token: authorization.replace(/^\S+ +/, ''),
    clientId: principal.authorizedParty ?? '',
    scopes: [...principal.scopes],
    expiresAt: principal.expiresAt,
    resource,
    extra: { principal },
  };
  // `console.log(request.auth)` is quickly written, and many people read logs.
  const inspect = () => ({ ...info, token: '…' });
  return Object.defineProperty(info, Symbol.for('nodejs.util.inspect.custom'), { value: inspect });
}
