import type { AppClaims, Principal } from '../../core/index.ts';
import type { GuardOptions } from '../../core/internal.ts';
import type {
  KeycloakBase,
  LoginLimitSettings,
  McpAuthInfo,
  McpOptions,
  WithMetadata,
  WithParts,
} from '../engine/index.ts';
import type {
  FetchRequest,
  GuardPrincipal,
  NotOptional,
  Permissions,
  PermitOptions,
  PermitRule,
  RequestGuardOptions,
  RequirementsOf,
  RuleOfRequest,
} from '../engine/internal.ts';

/** Options of {@link keycloak}. `FetchKeycloak.handle` answers the routes of its parts. */
export type KeycloakOptions<C extends object = AppClaims> = WithParts<FetchRequest, C>;

/**
 * A request, or the part that a framework shows. `Headers` alone do not tell the method. With a session cookie they
 * are treated as those of a request that changes something, and refused if another site may have sent it. For a page, pass
 * `{ headers, method: 'GET' }`.
 */
export type Incoming = FetchRequest | Headers;

/** A handler of guarded requests. Further arguments of the framework follow `found`. */
export type GuardedHandler<C extends object, R, Req extends Request, Rest extends unknown[]> = (
  request: Req,
  caller: { readonly principal: GuardPrincipal<C, R> },
  ...rest: Rest
) => Response | Promise<Response>;

/** A handler that is given to `guard`, where it gets the principal. */
export type InnerHandler<C extends object, Req extends Request, Rest extends unknown[]> = (
  request: Req,
  caller: { readonly principal: Principal<C> | null },
  ...rest: Rest
) => Response | Promise<Response>;

/** A handler of an MCP server. Further arguments of the framework follow `caller`. */
export type McpHandler<Req extends Request, Rest extends unknown[]> = (
  request: Req,
  caller: { readonly principal: Principal; readonly auth: McpAuthInfo },
  ...rest: Rest
) => Response | Promise<Response>;

/** The functions of `next/headers` and `next/navigation` by which pages and server actions read their request and lead elsewhere. */
export interface PageFunctions {
  headers(): Headers | Promise<Headers>;
  /** Throws. */
  redirect(url: string): never;
  /**
   * Throws. To be given where `experimental: { authInterrupts: true }` is in `next.config.ts`: shows `forbidden.tsx`, with status
   * 403. Default: a redirect to a page of ours.
   */
  readonly forbidden?: (() => never) | undefined;
}

/** The caller of a page, and of a server action. */
export interface Pages<C extends object = AppClaims> {
  /**
   * The caller of a page. Who is not signed in goes to the login, and comes back to the page; who may not see it gets the page of
   * the refusal.
   *
   * @param path the address of the page in the application, with its query: `/orders?open=1`
   * @throws what `redirect` and `forbidden` throw
   * @throws {AuthError} for a refusal that the person cannot do anything about: Keycloak does not answer
   * @throws {OptionsError} for a misspelt or empty requirement
   * @example
   * const principal = await page('/admin', { realmRole: 'admin' });
   */
  page<const R extends GuardOptions = NotOptional>(
    path: string,
    requirements?: R,
  ): Promise<GuardPrincipal<C, R>>;
  /**
   * The caller of a server action. Who is not signed in goes to the login, and comes back to the page that called it, if the
   * browser names that (`Referer`). A request that another site may have sent is refused.
   *
   * @throws as `page` does
   * @example
   * const principal = await action({ realmRole: 'editor' });
   */
  action<const R extends GuardOptions = NotOptional>(requirements?: R): Promise<GuardPrincipal<C, R>>;
}

/** keycloak-guard for servers whose handlers take a `Request` and return a `Response`. */
export interface FetchKeycloak<C extends object = AppClaims> extends KeycloakBase<Incoming, C> {
  /**
   * Wraps a handler for authenticated requests that meet the requirements. Others are answered with status, challenge and
   * `{"detail": …}`; with sessions, a browser that asks for a page is sent to the login.
   *
   * @throws {OptionsError} for a misspelt or empty requirement
   * @example
   * export const GET = kc.guard({ realmRole: 'admin' }, (request, { principal }) =>
   *   Response.json({ hello: principal.username }));
   */
  guard<Req extends Request, Rest extends unknown[]>(
    requirements: RequirementsOf<Req>,
    handler: GuardedHandler<C, NotOptional, Req, Rest>,
  ): (request: Req, ...rest: Rest) => Response | Promise<Response>;
  guard<const R extends RequestGuardOptions<Request>, Req extends Request, Rest extends unknown[]>(
    requirements: R,
    handler: GuardedHandler<C, R, Req, Rest>,
  ): (request: Req, ...rest: Rest) => Response | Promise<Response>;
  /**
   * Wraps a handler inside `guard`, for callers to whom Keycloak grants the permission. Others are answered as `guard` does.
   * Needs the option `permissions`.
   *
   * @throws {OptionsError} for a wrong rule or option
   * @throws {Error} without the option `permissions`
   * @see Keycloak, Authorization Services Guide: "Obtaining permissions"
   * @example
   * export const GET = kc.guard({}, kc.permit('orders#view', { hide: true }, (request, { principal }) =>
   *   Response.json({ hello: principal.username })));
   */
  permit<Req extends Request, Rest extends unknown[]>(
    rule: PermitRule | RuleOfRequest<Request>,
    options: PermitOptions<Request>,
    handler: GuardedHandler<C, NotOptional, Req, Rest>,
  ): InnerHandler<C, Req, Rest>;
  /**
   * Wraps the handler of a login of your own: answers 429 with `Retry-After` to those who try too often, and `RateLimit-*` to
   * everybody. `username` has to leave the body for the handler: `request.clone()`.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown: `address` is required
   * @see RFC 6585 §4, docs/production.md
   * @example
   * const POST = kc.loginLimits({ address: (request) => server.requestIP(request)?.address }, login);
   */
  loginLimits<Req extends Request, Rest extends unknown[]>(
    options: LoginLimitSettings<Req>,
    handler: (request: Req, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Req, ...rest: Rest) => Response | Promise<Response>;
  /** Asks Keycloak for permissions outside of `permit`. @throws {Error} without the option `permissions` */
  readonly permissions: Permissions;
  /**
   * The caller, or the response that refuses them: for middleware, and wherever no handler can be wrapped.
   *
   * @throws {OptionsError} (rejects with one) for a misspelt or empty requirement
   * @example
   * const found = await kc.decide(request, { scope: 'orders:read' });
   * if (found instanceof Response) return found;
   */
  decide<const R extends GuardOptions = NotOptional>(
    request: Incoming,
    requirements?: R,
  ): Promise<GuardPrincipal<C, R> | Response>;
  /**
   * The caller: for server actions, GraphQL and RPC, which answer errors their own way.
   *
   * @throws {AuthError} (rejects with one) if the request is refused
   * @throws {OptionsError} (rejects with one) for a misspelt or empty requirement
   * @example
   * const principal = await kc.principal(await headers(), { realmRole: 'editor' });
   */
  principal<const R extends GuardOptions = NotOptional>(
    request: Incoming,
    requirements?: R,
  ): Promise<GuardPrincipal<C, R>>;
  /**
   * The callers of pages and server actions of Next.js, which know their headers, and answer by what they throw.
   *
   * Next.js loads the file that makes `kc` several times, and sessions in memory need one object: else a login is followed by the
   * next one, for ever.
   *
   * @throws {OptionsError} without the option `session`, and without its `publicUrl`
   * @example
   * const shared = globalThis as { kc?: FetchKeycloak };
   * const kc = (shared.kc ??= keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-app' }));
   * // `headers` of next/headers, `redirect` and `forbidden` of next/navigation
   * const { page, action } = kc.pages({ headers, redirect, forbidden });
   */
  pages(functions: PageFunctions): Pages<C>;
  /**
   * Wraps the handler of an MCP server, for all its methods. Its `metadata` is a handler for `GET` and `OPTIONS` of
   * `/.well-known/oauth-protected-resource`, followed by the path of the server's URL: by it, clients find Keycloak (RFC 9728).
   * It answers 404 to any other request.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @see Model Context Protocol, "Authorization"
   * @example
   * const mcp = kc.mcp({ url: 'https://example.com/mcp', scopes: ['mcp:tools'] }, (request, { auth }) =>
   *   transport.handleRequest(request, { authInfo: auth }));
   * Bun.serve({ routes: { '/mcp': mcp, '/.well-known/oauth-protected-resource/mcp': mcp.metadata } });
   */
  mcp<Req extends Request, Rest extends unknown[]>(
    options: McpOptions,
    handler: McpHandler<Req, Rest>,
  ): WithMetadata<
    (request: Req, ...rest: Rest) => Promise<Response>,
    (request: Request) => Promise<Response>
  >;
  /**
   * Answers login, callback, session and logout, the resource's metadata, and Keycloak's messages. Resolves to `undefined`
   * for any other request.
   *
   * @example
   * Bun.serve({ fetch: async (request) => (await kc.handle(request)) ?? app(request) });
   */
  handle(request: Request): Promise<Response | undefined>;
  /**
   * `handle` for file-based routers: export it from a file for `/auth/*` and one for `/backchannel-logout`. Answers 404 to
   * any other request.
   *
   * @example
   * export const { GET, POST } = kc.handlers; // app/auth/[...path]/route.ts
   */
  readonly handlers: Readonly<Record<'GET' | 'OPTIONS' | 'POST', (request: Request) => Promise<Response>>>;
}
