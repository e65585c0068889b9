import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { AppClaims, Principal, RequestLike } from '../../core/index.ts';
import { isThenable, type SocketLike } from '../../core/internal.ts';
import type { Keycloak, McpAuthInfo } from '../engine/index.ts';
import {
  addToFetchAnswer,
  answerFetchRoute,
  createEngine,
  type FetchReply,
  fetchHost,
  type GuardPrincipal,
  type NotOptional,
  type KeycloakOptions as OptionsOf,
  openFetchMcp,
  type RequestGuardOptions,
  type RequirementsOf,
  type Routes,
  toFetchAnswer,
  toHeader,
  toKeycloak,
  withMetadata,
} from '../engine/internal.ts';

declare module 'hono' {
  interface ContextVariableMap {
    /** The caller; `undefined` if no guard ran. */
    principal?: Principal | null;
    /** The caller of an MCP server, as the SDK's transport takes it; set by `kc.mcp`. */
    auth?: McpAuthInfo;
  }
}

/** The variables that a guard adds to the context: `null` only under an optional guard, without a token. */
export interface GuardEnv<C extends object = AppClaims, R extends object = NotOptional> {
  Variables: { principal: GuardPrincipal<C, R> };
}

/** The bindings of `@hono/node-server`. */
interface NodeServer {
  readonly incoming?: { readonly socket?: SocketLike; readonly url?: string; readonly rawHeaders?: string[] };
}

/** Options of {@link keycloak}. */
export type KeycloakOptions<C extends object = AppClaims> = OptionsOf<Context, C>;

/** keycloak-guard for Hono. */
export interface HonoKeycloak<C extends object = AppClaims>
  extends Keycloak<Context, MiddlewareHandler, Context, C> {
  /**
   * Middleware for authenticated requests that meet the requirements; it sets `c.var.principal`. A refusal is an
   * `HTTPException` with the `AuthError` as its `cause`, so it goes to `app.onError`. Without that, the answer has status,
   * challenge and `{"detail": …}`.
   *
   * @throws {OptionsError} for a misspelt or empty requirement
   * @example
   * app.use('/api/*', kc.guard({ scope: 'orders:read' }));
   */
  guard(requirements: RequirementsOf<Context>): MiddlewareHandler<GuardEnv<C>>;
  guard<const R extends RequestGuardOptions<Context> = NotOptional>(
    requirements?: R,
  ): MiddlewareHandler<GuardEnv<C, R>>;
}

/**
 * Checks bearer tokens of Keycloak in Hono, and guards routes. Nothing is loaded before the first request.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * app.get('/hello', kc.guard(), (c) => c.json({ hello: c.var.principal.username }));
 */
export function keycloak<C extends object = AppClaims>(options: KeycloakOptions<C>): HonoKeycloak<C> {
  const engine = createEngine<Context, FetchReply, C>(options, {
    factory: 'keycloak',
    toRequest,
    toSessionRequest: (c) => fetchHost.toSessionRequest(c.req.raw),
    addToAnswer: fetchHost.addToAnswer,
    addressOf: ({ env }) => (env as NodeServer | undefined)?.incoming?.socket?.remoteAddress,
    paramsOf: (c) => c.req.param(),
  });

  /** Refuses as Hono's own middleware does. A page is sent to the login before any error handler is called. */
  function refuse(error: unknown, c: Context, reply: FetchReply): Response {
    const invitation = engine.inviteToLogin(error, c);
    if (invitation !== undefined) return addToFetchAnswer(toFetchAnswer(invitation), reply);
    const answer = engine.refusalOf(error, c);
    if (answer === undefined) throw error;
    const res = addToFetchAnswer(toFetchAnswer(answer, c.req.method), reply);
    const { message } = error as Error;
    throw new HTTPException(answer.status as 401, { res, message, cause: error });
  }

  const toRouter =
    (answer: (c: Context, request: Request) => Promise<Response> | undefined): MiddlewareHandler =>
    (c, next) =>
      answer(c, c.req.raw) ?? (next() as Promise<undefined>);

  const toMetadata = (routes: Routes<Context>) =>
    toRouter((c, request) => answerFetchRoute(engine, routes, c, request));

  return toKeycloak<Context, FetchReply, MiddlewareHandler, Context, C>(engine, {
    toGuard: (guard) => async (c, next) => {
      const reply: FetchReply = {};
      let principal: Principal | null;
      try {
        const decided = guard.decide(c, reply);
        principal = isThenable(decided) ? await decided : decided;
      } catch (error) {
        return refuse(error, c, reply);
      }
      // An optional guard keeps the principal of an earlier one.
      if (principal !== null || c.var.principal === undefined) c.set('principal', principal as never);
      await next();
      addToAnswer(c, reply);
      return undefined;
    },
    toRoutes: (routes) => toRouter((c, request) => answerFetchRoute(engine, routes, c, request, readAgain)),
    mcp(options) {
      const mcp = openFetchMcp<Context>(engine as never, options);
      const guard: MiddlewareHandler = async (c, next) => {
        const reply: FetchReply = {};
        const { admit, toWatched } = await mcp.loading;
        const admitting = admit(c, c.req.raw, reply, () => readAgain(c));
        const admitted = await admitting.catch((error) => refuse(error, c, reply));
        if (admitted instanceof Response) return addToFetchAnswer(admitted, reply);
        c.set('principal', admitted.principal);
        c.set('auth', admitted.auth);
        await next();
        const watched = toWatched(c.res, admitted);
        if (watched !== c.res) c.res = watched;
        addToAnswer(c, reply);
        return undefined;
      };
      return withMetadata(guard, () => toMetadata(mcp.publish()));
    },
    principalOf: (c) => c.var.principal,
  });
}

/** Hono keeps a body that earlier middleware has read. */
const readAgain = (c: Context): Promise<string> => c.req.text();

/**
 * With what `@hono/node-server` passes on: the connection alone knows the client's certificate, and the target may name another
 * host than the header does.
 */
function toRequest({ req: { raw }, env }: Context): RequestLike {
  const { incoming } = (env ?? {}) as NodeServer;
  if (incoming === undefined) return raw;
  const { socket, url: target, rawHeaders } = incoming;
  return { headers: raw.headers, method: raw.method, url: raw.url, socket, target, rawHeaders };
}

/** Hono sets headers on a copy of an answer that exists already, and an upgrade cannot be copied. */
function addToAnswer(c: Context, { extra }: FetchReply): void {
  if (extra === undefined || c.res.status < 200) return;
  for (const [name, value] of Object.entries(extra.headers))
    c.header(name, toHeader(name, value, c.res.headers.get(name)));
  for (const cookie of extra.setCookies) c.header('set-cookie', cookie, { append: true });
}
