import type {
  BackchannelLogoutOptions,
  Connection,
  FetchRequest,
  Found,
  KeycloakOptions,
  NotOptional,
  PathEnforcerOptions,
  PermissionSettings,
  Permissions,
  PermitOptions,
  PermitRule,
  ProtectedResourceOptions,
  PushedClaims,
  SessionSettings,
} from '../adapter/internal.ts';
import type { Claims, Principal, Requirements, TokenVerifier } from '../core/index.ts';
import type { GuardOptions } from '../core/internal.ts';
import type { McpAuthInfo, McpOptions } from '../mcp/index.ts';

/** Options of {@link keycloak}. */
export type FetchKeycloakOptions<C extends object = Claims> = KeycloakOptions<FetchRequest, C> & {
  /**
   * Signs people in with the browser: `handle` answers login, callback, session and logout, and guards take the cookie as
   * well as a bearer token. Default: no sessions.
   */
  readonly session?: SessionSettings<FetchRequest> | undefined;
  /** Which resource this is (RFC 9728): `handle` answers its metadata, and every challenge names it. Default: none. */
  readonly protectedResource?: ProtectedResourceOptions | undefined;
  /** Where Keycloak tells `handle` that a session ended. Default: `POST /backchannel-logout`. */
  readonly backchannelLogout?: BackchannelLogoutOptions<FetchRequest> | undefined;
  /**
   * Questions to Keycloak's authorization services, for `permit`. `clientSecret` may be left out where it is given beside.
   * Default: none are asked.
   */
  readonly permissions?: PermissionSettings | undefined;
};

/**
 * A request, or as much of it as a framework shows. Of `Headers` alone nobody knows the method: with a session cookie
 * they count as those of a request that changes something, so one that another site may have sent is refused. Where it
 * is a page that is asked for, say so: `{ headers, method: 'GET' }`.
 */
export type Incoming = FetchRequest | Headers;

/** A handler that runs for guarded requests alone. What the framework hands over besides comes after `principal`. */
export type GuardedHandler<
  C extends object,
  R extends GuardOptions,
  Req extends Request,
  Rest extends unknown[],
> = (request: Req, found: { readonly principal: Found<C, R> }, ...rest: Rest) => Response | Promise<Response>;

/** A function that {@link FetchKeycloak.permit} calls: with what the framework hands over besides behind the principal. */
export type OfRequest<T> = (
  request: Request,
  principal: Principal,
  // biome-ignore lint/suspicious/noExplicitAny: what a framework hands over is its own.
  ...rest: any[]
) => T | Promise<T>;

/** Options of {@link FetchKeycloak.permit}: see those of `createPermit`. */
export type FetchPermitOptions = Omit<PermitOptions<Request>, 'owner' | 'claims'> & {
  readonly owner?: OfRequest<string | null | undefined> | undefined;
  readonly claims?: OfRequest<PushedClaims> | undefined;
};

/** keycloak-guard for servers whose handlers take a `Request` and give a `Response`. */
export interface FetchKeycloak<C extends object = Claims> {
  readonly verifier: TokenVerifier<C>;
  /**
   * A handler for authenticated requests that meet the requirements. All others are answered: with status, challenge and
   * `{"detail": …}`, or, for a page and with sessions, on to the login.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   * @example
   * export const GET = kc.guard({ realmRole: 'admin' }, (request, { principal }) =>
   *   Response.json({ hello: principal.username }));
   */
  guard<const R extends GuardOptions, Req extends Request, Rest extends unknown[]>(
    requirements: R,
    handler: GuardedHandler<C, R, Req, Rest>,
  ): (request: Req, ...rest: Rest) => Response | Promise<Response>;
  /**
   * A handler, inside of a guarded one, for whoever has the permission, as Keycloak decides. All others are answered as the
   * guard does. Needs the option `permissions`.
   *
   * @throws {OptionsError} for a rule or an option that is wrong
   * @example
   * export const GET = kc.guard({}, kc.permit('orders#view', { hide: true }, (request, { principal }) =>
   *   Response.json({ hello: principal.username })));
   */
  permit<Req extends Request, Rest extends unknown[]>(
    rule: PermitRule | OfRequest<PermitRule>,
    options: FetchPermitOptions,
    handler: GuardedHandler<C, NotOptional, Req, Rest>,
  ): (
    request: Req,
    found: { readonly principal: Principal<C> | null },
    ...rest: Rest
  ) => Response | Promise<Response>;
  /**
   * A handler, inside of a guarded one, for whoever may do this with the path of the request, as the policy enforcer of Keycloak's
   * adapters for Java decides. The path is that of the `Request`, whose dot segments are resolved already: it has to be what
   * the application routes by. Needs the option `permissions`.
   *
   * @throws {OptionsError} for an option or a part of the configuration that is wrong
   * @see Keycloak, Authorization Services Guide: "Policy enforcers"
   * @example
   * Bun.serve({ fetch: kc.guard({}, kc.pathEnforcer({ methodScopes: { GET: 'view' } }, (request) => route(request))) });
   */
  pathEnforcer<Req extends Request, Rest extends unknown[]>(
    options: Omit<PathEnforcerOptions, 'permissions'>,
    handler: GuardedHandler<C, NotOptional, Req, Rest>,
  ): (
    request: Req,
    found: { readonly principal: Principal<C> | null },
    ...rest: Rest
  ) => Response | Promise<Response>;
  /** What the option `permissions` turned on, for questions of the application's own. @throws {Error} without it */
  readonly permissions: Permissions;
  /**
   * Who is calling, or what they have to be answered: for middleware, and where no handler can be wrapped.
   *
   * @throws {OptionsError} (rejects with one) for a requirement that is misspelt or empty
   * @example
   * const found = await kc.decide(request, { scope: 'orders:read' });
   * if (found instanceof Response) return found;
   */
  decide<const R extends GuardOptions = NotOptional>(
    request: Incoming,
    requirements?: R,
  ): Promise<Found<C, R> | Response>;
  /**
   * Who is calling: for server actions, GraphQL and RPC, which have errors of their own.
   *
   * @throws {AuthError} (rejects with one) where the request is refused
   * @throws {OptionsError} (rejects with one) for a requirement that is misspelt or empty
   * @example
   * const principal = await kc.principal(await headers(), { realmRole: 'editor' });
   */
  principal<const R extends GuardOptions = NotOptional>(
    request: Incoming,
    requirements?: R,
  ): Promise<Found<C, R>>;
  /**
   * An MCP server at the path of its URL, guarded, with its metadata; for other paths 404.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @see Model Context Protocol, "Authorization"
   * @example
   * Bun.serve({ fetch: kc.mcp({ url, scopes: ['mcp:tools'] }, (request, { auth }) =>
   *   transport.handleRequest(request, { authInfo: auth })) });
   */
  mcp(
    options: McpOptions,
    handler: (
      request: Request,
      found: { readonly principal: Principal; readonly auth: McpAuthInfo },
    ) => Response | Promise<Response>,
  ): (request: Request) => Promise<Response>;
  /**
   * Answers requests for login, callback, session and logout, and what Keycloak tells; `undefined` for all others.
   *
   * @example
   * Bun.serve({ fetch: async (request) => (await kc.handle(request)) ?? app(request) });
   */
  handle(request: Request): Promise<Response | undefined>;
  /**
   * The same for routers by file, in a file for `/auth/*` and one for `/backchannel-logout`: 404 to all others.
   *
   * @example
   * export const { GET, POST } = kc.handlers; // app/auth/[...path]/route.ts
   */
  readonly handlers: Readonly<Record<'GET' | 'OPTIONS' | 'POST', (request: Request) => Promise<Response>>>;
  /**
   * The access token of the caller, for a call of another API on their behalf: the bearer token as it came, or that of the
   * session, renewed when it is about to expire. `null`: nobody is there.
   *
   * @throws {AuthError} rejects with what a guard would refuse the header for
   */
  accessToken(request: Incoming): Promise<string | null>;
  /**
   * Guards a connection that stays open, for example server-sent events: says who it is, and when it has to end.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   * @throws {AuthError} rejects with what a guard would refuse the request for
   * @example
   * const connection = await kc.connect(request);
   * connection.signal.addEventListener('abort', () => events.close());
   * request.signal.addEventListener('abort', connection.end);
   */
  connect(request: Incoming, requirements?: Requirements<C>): Promise<Connection>;
  /** Whether somebody meets requirements. */
  has(principal: Principal<C> | null | undefined, requirements: Requirements<C>): boolean;
  /** Loads the keys: where the first request should not wait for them. Never rejects. */
  load(): Promise<void>;
  /** Ends every timer. */
  close(): Promise<void>;
}
