import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Claims, Principal, RequestLike, Requirements, TokenVerifier } from '../../core/index.ts';
import type { SocketLike } from '../../core/internal.ts';
import { type Gate, type GuardOptions, isThenable } from '../../core/internal.ts';
import {
  addToFetchAnswer,
  answerFetchRoute,
  type BackchannelLogoutOptions,
  type Connection,
  createDoor,
  type Decide,
  type FetchReply,
  type Found,
  fetchHost,
  findFetchRoute,
  type KeycloakOptions,
  type NotOptional,
  type PathEnforcerOptions,
  type PermissionSettings,
  type Permissions,
  type PermitOptions,
  type PermitRule,
  type ProtectedResourceOptions,
  type Routes,
  type RuleOfRequest,
  type SessionSettings,
  toFetchAnswer,
  toFetchPath,
  toPermitGate,
} from '../engine/internal.ts';
import type { McpAuthInfo, McpOptions } from '../mcp/index.ts';
import { toFetchMcp } from '../mcp/internal.ts';

declare module 'hono' {
  interface ContextVariableMap {
    /** Who is calling; `undefined` where no guard ran. */
    principal?: Principal | null;
    /** Who is calling an MCP server, as the SDK's transport takes it; set by `kc.mcp`. */
    auth?: McpAuthInfo;
  }
}

/** What a guard adds to the context: `null` only where it lets nobody pass as well. */
export interface GuardEnv<C extends object = Claims, R extends GuardOptions = NotOptional> {
  Variables: { principal: Found<C, R> };
}

/** keycloak-guard for Hono. */
export interface HonoKeycloak<C extends object = Claims> {
  readonly verifier: TokenVerifier<C>;
  /**
   * Middleware that lets requests pass which are authenticated and meet the requirements, and sets `c.var.principal`. A
   * refusal is an `HTTPException`, with the `AuthError` as its `cause`: it goes to `app.onError`; where there is none, the
   * answer has status, challenge and `{"detail": …}`.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   * @example
   * app.use('/api/*', kc.guard({ scope: 'orders:read' }));
   */
  guard<const R extends GuardOptions = NotOptional>(requirements?: R): MiddlewareHandler<GuardEnv<C, R>>;
  /**
   * Signs people in with the browser: answers login, callback, session and logout. Guards then take its cookie as well as a
   * bearer token, and send the browser to the login where a page is asked for and nobody is signed in.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @example
   * app.use(kc.session({ secret: process.env.SESSION_SECRET ?? '' }));
   */
  session(settings: SessionSettings<Context>): MiddlewareHandler;
  /**
   * Says which resource this API is: answers `GET /.well-known/oauth-protected-resource`, with the path of its URL behind, and
   * names it in every challenge, so that clients which know nothing but the URL find Keycloak and the scopes.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @see RFC 9728
   * @example
   * app.use(kc.protectedResource({ url: 'https://api.example.com', scopes: ['orders:read'] }));
   */
  protectedResource(options: ProtectedResourceOptions): MiddlewareHandler;
  /**
   * Guards an MCP server at the path of its URL, and answers its metadata. Sets `c.var.principal`, and `c.var.auth` for the
   * SDK's transport. To be used before the route of the server.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @see Model Context Protocol, "Authorization"
   * @example
   * app.use(kc.mcp({ url: 'https://example.com/mcp', scopes: ['mcp:tools'] }));
   * app.all('/mcp', (c) => transport.handleRequest(c.req.raw, { authInfo: c.var.auth }));
   */
  mcp(options: McpOptions): MiddlewareHandler;
  /** Lets Keycloak tell that a session ended: answers `POST /backchannel-logout`. */
  backchannelLogout(options?: BackchannelLogoutOptions<Context>): MiddlewareHandler;
  /**
   * The access token of the caller, for a call of another API on their behalf: the bearer token as it came, or that of the
   * session, renewed when it is about to expire. `null`: nobody is there.
   *
   * @throws {AuthError} rejects with what a guard would refuse the header for
   */
  accessToken(c: Context): Promise<string | null>;
  /**
   * Turns on questions to Keycloak's authorization services, for `permit`. `clientSecret` may be left out where `keycloak` has
   * it.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   */
  permissions(settings?: PermissionSettings): Permissions;
  /**
   * Middleware that lets requests pass whose principal, found by the guard before it, has the permission, as Keycloak
   * decides. A refusal is answered as the guard's. Comes after `permissions`.
   *
   * @throws {OptionsError} for a rule or an option that is wrong
   * @example
   * app.get('/orders/:id', kc.guard(), kc.permit((c) => `order-${c.req.param('id')}#view`), show);
   */
  permit(rule: PermitRule | RuleOfRequest<Context>, options?: PermitOptions<Context>): MiddlewareHandler;
  /**
   * Middleware that decides by path and method, for a whole app: after a guard, and before every router and everything that
   * rewrites paths. Comes after `permissions`.
   *
   * @throws {OptionsError} for an option or a part of the configuration that is wrong
   */
  pathEnforcer(options?: Omit<PathEnforcerOptions, 'permissions'>): MiddlewareHandler;
  /**
   * Guards a connection that stays open, for example server-sent events: says who it is, and when it has to end.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   * @throws {AuthError} rejects with what a guard would refuse the request for
   * @example
   * const connection = await kc.connect(c);
   * connection.signal.addEventListener('abort', () => events.close());
   * c.req.raw.signal.addEventListener('abort', connection.end);
   */
  connect(c: Context, requirements?: Requirements<C>): Promise<Connection>;
  /** Whether somebody meets requirements. */
  has(principal: Principal<C> | null | undefined, requirements: Requirements<C>): boolean;
  /** Loads the keys: where the first request should not wait for them. Never rejects. */
  load(): Promise<void>;
  /** Ends every timer. */
  close(): Promise<void>;
}

/**
 * Checks bearer tokens of Keycloak in Hono, and guards routes. Nothing is loaded before the first request.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * app.get('/hello', kc.guard(), (c) => c.json({ hello: c.var.principal.username }));
 */
export function keycloak<C extends object = Claims>(options: KeycloakOptions<Context, C>): HonoKeycloak<C> {
  const door = createDoor<Context, FetchReply, C>(options, {
    factory: 'keycloak',
    toRequest,
    toWire: (c) => fetchHost.toWire(c.req.raw),
    addToAnswer: fetchHost.addToAnswer,
  });

  /** As Hono's own middleware refuses; who wants a page is sent to the login before any error handler is asked. */
  function refuse(error: unknown, c: Context, reply: FetchReply): Response {
    const invitation = door.inviteToLogin(error, c);
    if (invitation !== undefined) return addToFetchAnswer(toFetchAnswer(invitation), reply);
    const answer = door.refusalOf(error, c);
    if (answer === undefined) throw error;
    const res = addToFetchAnswer(toFetchAnswer(answer, c.req.method), reply);
    const { message } = error as Error;
    throw new HTTPException(answer.status as 401, { res, message, cause: error });
  }

  function toGuard(gate: Pick<Gate<Context, FetchReply>, 'decide'>): MiddlewareHandler {
    return async (c, next) => {
      const reply: FetchReply = {};
      let principal: Principal | null;
      try {
        const decided = gate.decide(c, reply);
        principal = isThenable(decided) ? await decided : decided;
      } catch (error) {
        return refuse(error, c, reply);
      }
      // Where nobody has to be there, what a guard before found out stays.
      if (principal !== null || c.var.principal === undefined) c.set('principal', principal as never);
      await next();
      addToAnswer(c, reply);
      return undefined;
    };
  }
  const toPermit = (decide: Decide<Context>): MiddlewareHandler =>
    toGuard(toPermitGate(decide, (c) => c.var.principal));

  function toMiddleware(routes: Routes<Context>): MiddlewareHandler {
    return (c, next) => {
      const route = findFetchRoute(routes, c.req.raw);
      return route === undefined
        ? (next() as Promise<undefined>)
        : answerFetchRoute(door, route, c, c.req.raw, () => c.req.text());
    };
  }

  return {
    verifier: door.verifier,
    guard: (requirements) => toGuard(door.gate(requirements)) as MiddlewareHandler,
    permissions: door.permits.open,
    permit: (rule, given) => toPermit(door.permits.permit(rule, given)),
    pathEnforcer: (given) => toPermit(door.permits.enforcePaths(given, ({ req }) => toFetchPath(req.raw))),
    session: (settings) => toMiddleware(door.openSessions(settings)),
    protectedResource: (given) => toMiddleware(door.protectedResource(given)),
    mcp(given) {
      const admit = toFetchMcp<Context>(door as never, given);
      return async (c, next) => {
        const reply: FetchReply = {};
        let found: Awaited<ReturnType<typeof admit>>;
        try {
          found = await admit(c, c.req.raw, reply, () => c.req.text());
        } catch (error) {
          return refuse(error, c, reply);
        }
        if (found instanceof Response) return addToFetchAnswer(found, reply);
        if (found === undefined) return void (await next());
        c.set('principal', found.principal);
        c.set('auth', found.auth);
        await next();
        found.onHead(c.res.status, c.res.headers.get('mcp-session-id') ?? undefined);
        addToAnswer(c, reply);
        return undefined;
      };
    },
    backchannelLogout: (given) => toMiddleware(door.messages(given)),
    has: door.has,
    accessToken: door.accessToken,
    connect: async (c, requirements = {}) => door.connections.guard(requirements as Requirements).open(c),
    load: () => door.verifier.load(),
    close: door.close,
  };
}

/** With the connection, where `@hono/node-server` tells of it: the certificate of the client is known there alone. */
function toRequest({ req: { raw }, env }: Context): RequestLike {
  const socket = (env as { incoming?: { socket?: SocketLike } } | undefined)?.incoming?.socket;
  return socket === undefined ? raw : { headers: raw.headers, method: raw.method, url: raw.url, socket };
}

/** Hono puts headers onto a copy where an answer is there already; an upgrade cannot be copied. */
function addToAnswer(c: Context, { extra }: FetchReply): void {
  if (extra === undefined || c.res.status < 200) return;
  for (const [name, value] of Object.entries(extra.headers)) c.header(name, value);
  for (const cookie of extra.setCookies) c.header('set-cookie', cookie, { append: true });
}
