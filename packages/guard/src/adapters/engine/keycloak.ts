import type { Permissions, PermitOptions, PermitRule, RuleOfRequest } from '../../authz/internal.ts';
import type { AppClaims, Principal, Requirements, TokenVerifier } from '../../core/index.ts';
import { type Health, healthOf, type RequestGuard } from '../../core/internal.ts';
import { createCalls } from './calls.ts';
import type { Connection } from './connection.ts';
import type { Engine } from './engine.ts';
import { createEvents, type EventsOf } from './events.ts';
import { createLoginGuard } from './login-limits.ts';
import type { McpOptions, WithMetadata } from './mcp-options.ts';
import type { BackchannelLogoutOptions } from './messages.ts';
import { type PermissionSettings, requirementsOf, type SessionSettings } from './options.ts';
import type { Calls } from './parts/calls.ts';
import type { LoginLimitSettings } from './parts/login-limits.ts';
import type { ProtectedResourceOptions } from './parts/resource-metadata.ts';
import { type Decide, toPermitGuard } from './permissions.ts';
import type { GuardRequirements } from './requirements.ts';
import type { Routes } from './routes.ts';

/** The members that keycloak-guard has in every framework. `Request`: the first argument of its handlers. */
export interface KeycloakBase<Request, C extends object = AppClaims> extends Calls<Request>, EventsOf {
  /** Verifies tokens; the same object that the guards use. */
  readonly verifier: TokenVerifier<C>;
  /**
   * The caller's access token, to call another API on their behalf: the token as it was sent, or the session's token,
   * renewed if it is about to expire. `null` if nobody is signed in.
   *
   * @throws {AuthError} rejects with the error that a guard would refuse the request with
   * @example
   * const token = await kc.accessToken(request);
   * const answer = await fetch('http://localhost:4000/orders', { headers: { authorization: `Bearer ${token}` } });
   */
  accessToken(request: Request): Promise<string | null>;
  /**
   * Guards a connection that stays open, for example server-sent events. The result says who is on it, and its `signal`
   * aborts when it has to end.
   *
   * @param requirements what its caller has to go on meeting: those of the guard in front of it. Default: a valid token
   * @throws {OptionsError} (rejects with one) for a misspelt or empty requirement
   * @throws {AuthError} rejects with the error that a guard would refuse the request with
   * @example
   * const connection = await kc.connect(request);
   * connection.signal.addEventListener('abort', () => response.end());
   * response.once('close', connection.end);
   */
  connect(request: Request, requirements?: GuardRequirements<Request, Requirements<C>>): Promise<Connection>;
  /**
   * Whether a principal meets requirements; false for `null` and `undefined`.
   *
   * @throws {OptionsError} for a misspelt or empty requirement
   * @example
   * const mayDelete = kc.has(principal, { realmRole: 'admin' });
   */
  has(principal: Principal<C> | null | undefined, requirements: Requirements<C>): boolean;
  /**
   * Whether this process can verify tokens: for a route of your own that a load balancer asks. Costs nothing: what it tells is
   * known. Whether the process is alive at all says any other route.
   *
   * @example
   * app.get('/health/ready', (request, response) => {
   *   const health = kc.health();
   *   response.status(health.isReady ? 200 : 503).json(health);
   * });
   */
  health(): Health;
  /** Loads the realm's keys, so that the first request need not wait for them. Never rejects. */
  load(): Promise<void>;
  /** Ends every timer. */
  close(): Promise<void>;
}

/**
 * keycloak-guard for a framework with middleware.
 *
 * `Asked`: the framework's own type of a request or context, which the application's functions are called with.
 */
export interface Keycloak<Request, Middleware, AppRequest = Request, C extends object = AppClaims>
  extends KeycloakBase<Request, C> {
  /**
   * Middleware for authenticated requests that meet the requirements. Put it before one route, a router, or everything that
   * follows. It sets the principal: `request.principal`, in Koa `ctx.state.principal`, in Hono `c.var.principal`.
   *
   * A refused request goes to the application's error handler, as any error of the framework. Without one, the answer has
   * status, challenge and `{"detail": …}`. With sessions, a browser that asks for a page is sent to the login.
   *
   * Requirements may be a function of the request, and `':org'` stands for a parameter of the route.
   *
   * @throws {OptionsError} for a misspelt or empty requirement
   * @example
   * app.delete('/orders/:id', kc.guard({ realmRole: 'admin' }), remove);
   * app.get('/orgs/:org', kc.guard({ organization: ':org' }), show);
   */
  guard(requirements?: GuardRequirements<AppRequest>): Middleware;
  /**
   * Signs people in with the browser: middleware that answers login, callback, session and logout. Guards then accept the
   * session cookie as well as a bearer token. To be called once.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @example
   * app.use(kc.session({ secret: process.env.SESSION_SECRET ?? '' }));
   */
  session(settings: SessionSettings<AppRequest>): Middleware;
  /**
   * Publishes which resource this API is, so that clients which only know its URL find Keycloak and the scopes: middleware
   * that answers `GET /.well-known/oauth-protected-resource`, followed by the path of the URL. Every challenge names it. To be
   * called once.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @see RFC 9728
   * @example
   * app.use(kc.protectedResource({ url: 'https://api.example.com', scopes: ['orders:read'] }));
   */
  protectedResource(options: ProtectedResourceOptions): Middleware;
  /**
   * A guard for the route of an MCP server, for all its methods. It sets the principal, and `auth` for the SDK's transport: on
   * Node's request, in Hono `c.var.auth`. With `tools` it reads the body and leaves it in `request.body`. Its `metadata` is
   * middleware for the root of the application: by it, clients find Keycloak (RFC 9728).
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @see Model Context Protocol, "Authorization"
   * @example
   * const mcp = kc.mcp({ url: 'https://example.com/mcp', scopes: ['mcp:tools'] });
   * app.use(mcp.metadata);
   * app.all('/mcp', mcp, (request, response) => transport.handleRequest(request, response, request.body));
   */
  mcp(options: McpOptions): WithMetadata<Middleware>;
  /**
   * Lets Keycloak report that a session ended: middleware that answers `POST /backchannel-logout`.
   *
   * @throws {OptionsError} naming every option that is wrong or unknown
   * @see OpenID Connect Back-Channel Logout 1.0
   */
  backchannelLogout(options?: BackchannelLogoutOptions): Middleware;
  /**
   * Turns on questions to Keycloak's authorization services, for `permit`. To be called once. The default of `credential` is that
   * of `keycloak`.
   *
   * @returns permissions, to ask outside of routes
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   */
  permissions(settings?: PermissionSettings): Permissions;
  /**
   * Middleware for callers to whom Keycloak grants the permission. Put it after a guard; it refuses as the guard does. Needs
   * `permissions`.
   *
   * @throws {OptionsError} for a wrong rule or option
   * @throws {Error} before `permissions`
   * @see Keycloak, Authorization Services Guide: "Obtaining permissions"
   * @example
   * app.get('/orders/:id', kc.guard(), kc.permit(({ params }) => `order-${params.id}#view`), show);
   */
  permit(rule: PermitRule | RuleOfRequest<AppRequest>, options?: PermitOptions<AppRequest>): Middleware;
  /**
   * Middleware for a login of your own, after what parses its body: answers 429 with `Retry-After` to those who try too often,
   * and `RateLimit-*` to everybody. Made for each route that shares nothing with others.
   *
   * @throws {OptionsError} naming every option that is wrong or unknown
   * @see RFC 6585 §4, docs/production.md
   * @example
   * app.post('/login', express.json(), kc.loginLimits({ username: ({ body }) => body?.username }), login);
   */
  loginLimits(options?: LoginLimitSettings<AppRequest>): Middleware;
}

/** The parts of {@link Keycloak} that a framework writes itself. */
export interface Framework<Incoming, Outgoing, Middleware> {
  toGuard(guard: Pick<RequestGuard<Incoming, Outgoing>, 'decide'>): Middleware;
  toRoutes(routes: Routes<Incoming>): Middleware;
  mcp(options: McpOptions): WithMetadata<Middleware>;
  /** The principal that a guard has set. */
  principalOf(request: Incoming): Principal | null | undefined;
}

/** {@link Keycloak} of a framework. */
export function toKeycloak<Incoming, Outgoing, Middleware, AppRequest, C extends object>(
  engine: Engine<Incoming, Outgoing, C>,
  { toGuard, toRoutes, mcp, principalOf }: Framework<Incoming, Outgoing, Middleware>,
): Keycloak<Incoming, Middleware, AppRequest, C> {
  const toPermit = (decide: Decide<Incoming>): Middleware => toGuard(toPermitGuard(decide, principalOf));
  return {
    ...toBase(engine),
    mcp,
    guard: (...args) => toGuard(engine.guard(requirementsOf(args))),
    loginLimits: (args) => toGuard(createLoginGuard(engine as never, args as never, principalOf as never)),
    permissions: engine.permits.open,
    permit: (rule, args) => toPermit(engine.permits.permit(rule, args)),
    protectedResource: (args) => toRoutes(engine.protectedResource(args)),
    session: (settings) => toRoutes(engine.openSessions(settings as unknown as SessionSettings<Incoming>)),
    backchannelLogout: (args) => toRoutes(engine.messages(args as BackchannelLogoutOptions | undefined)),
  };
}

/**
 * {@link KeycloakBase} of a framework.
 *
 * @param toIncoming the engine's request of what the application calls one
 */
export function toBase<Incoming, C extends object, AppRequest = Incoming>(
  engine: Engine<Incoming, never, C>,
  toIncoming: (args: AppRequest) => Incoming = (args) => args as unknown as Incoming,
): KeycloakBase<AppRequest, C> {
  const { verifier, accessToken, connections, has, close } = engine;
  return {
    ...{ verifier, has, close },
    ...createEvents(engine.factory, verifier, engine.tenants),
    ...createCalls<Incoming, AppRequest>(engine as unknown as Engine<Incoming, never, never>, toIncoming),
    accessToken: (request) => accessToken(toIncoming(request)),
    connect: async (request, ...args) =>
      connections
        .guard(requirementsOf(args) as GuardRequirements<never, Requirements>)
        .open(toIncoming(request)),
    health: () => healthOf(verifier, engine.tenants?.nobody),
    load: () => verifier.load(),
  };
}
