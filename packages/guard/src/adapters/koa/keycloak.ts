import type { IncomingMessage } from 'node:http';
import type { Context, DefaultContext, ParameterizedContext } from 'koa';
import { type AppClaims, isAuthError, type Principal } from '../../core/index.ts';
import { type Answer, isThenable, type RequestLike } from '../../core/internal.ts';
import type { McpOptions, ServerKeycloak, WithMetadata } from '../engine/index.ts';
import {
  answerNode,
  answerRoute,
  createEngine,
  type McpEngine,
  nodeHost,
  type KeycloakOptions as OptionsOf,
  openNodeMcp,
  originOf,
  type Routes,
  sentOnNode,
  toKeycloak,
  toSockets,
  withMetadata,
} from '../engine/internal.ts';

/** Middleware for Koa. */
export type KoaMiddleware = (
  context: ParameterizedContext<{ principal?: Principal }, DefaultContext>,
  next: () => Promise<unknown>,
) => Promise<void>;

/** The result of a body parser. */
function bodyOf({ request }: Context): unknown {
  return (request as { readonly body?: unknown }).body;
}

/** Sends an answer as an application would: middleware in front sees it. */
function sendAnswer(context: Context, answer: Answer): void {
  context.status = answer.status;
  // A body that is set brings a type, so the headers come after it.
  context.body = answer.body ?? null;
  context.status = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) {
    // HTTP/2 has none (RFC 9113 §8.2.2).
    if (name !== 'connection' || context.req.httpVersionMajor < 2) context.set(name, value);
  }
  for (const cookie of answer.setCookies) context.append('set-cookie', cookie);
}

/**
 * Throws a refusal as Koa throws its own errors. Middleware in front may catch it. If none does, the answer is JSON
 * with the headers that were set before, instead of the text that Koa would send.
 */
function throwRefusal(
  context: Context,
  error: unknown,
  refusalOf: (error: unknown, context: Context) => Answer | undefined,
): never {
  if (!isAuthError(error)) throw error;
  // Middleware reads these two: the message of a refusal is public for every status.
  Object.assign(error, { status: error.statusCode, expose: true });
  const { onerror } = context;
  context.onerror = (thrown) => {
    const answer = thrown === error ? refusalOf(thrown, context) : undefined;
    if (answer === undefined) {
      onerror.call(context, thrown);
      return;
    }
    context.app.emit('error', thrown, context);
    answerNode(context.res, answer);
  };
  throw error;
}

/**
 * The guard of an MCP server as middleware.
 *
 * @param refuse throws or answers a refusal
 * @param toRoutes answers the metadata
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
function toKoaMcp(
  engine: McpEngine<Context, Context>,
  options: McpOptions,
  refuse: (error: unknown, context: Context) => void,
  toRoutes: (routes: Routes<Context>) => KoaMiddleware,
): WithMetadata<KoaMiddleware> {
  const mcp = openNodeMcp(engine, options);

  /** Koa's body parsers leave their result in another place than Express's. */
  async function read(context: Context): Promise<unknown> {
    const message = Object.assign(context.req, { body: bodyOf(context) });
    const body = await (await mcp.loading).readMessage(message);
    Object.assign(context.request, { body });
    return body;
  }

  const guard: KoaMiddleware = async (context, next) => {
    const onNode = { raw: context.req, response: context.res, read: () => read(context) };
    const { admit } = await mcp.loading;
    const admitted = await admit(context, context, onNode).catch((error) => refuse(error, context));
    if (!admitted) return;
    if ('status' in admitted) return sendAnswer(context, admitted);
    context.state.principal = admitted.principal;
    await next();
  };
  return withMetadata(guard, () => toRoutes(mcp.publish()));
}

declare module 'koa' {
  interface DefaultState {
    /** The caller; `undefined` if no guard ran, or an optional one found no token. */
    principal?: import('../../core/index.ts').Principal;
  }
}

/** Options of {@link keycloak}. */
export type KeycloakOptions<C extends object = AppClaims> = OptionsOf<Context, C>;

/**
 * keycloak-guard for Koa. A refusal is thrown, with `status`, `headers` and `expose`, so that middleware in front sees it.
 */
export type KoaKeycloak<C extends object = AppClaims> = ServerKeycloak<Context, KoaMiddleware, Context, C>;

/**
 * Checks bearer tokens of Keycloak in Koa, and guards routes.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * router.get('/hello', kc.guard(), (ctx) => { ctx.body = { hello: ctx.state.principal?.username }; });
 */
export function keycloak<C extends object = AppClaims>(options: KeycloakOptions<C>): KoaKeycloak<C> {
  const engine = createEngine<Context, Context, C>(options, {
    factory: 'keycloak',
    // Middleware that mounts applications, or rewrites, sets the URL of Node's request.
    toRequest: ({ req, originalUrl }) => (req.url === originalUrl ? req : toOriginal(req, originalUrl)),
    // Protocol and host respect proxies (`app.proxy`). `ctx.origin` is the header `Origin` since Koa 3.
    toSessionRequest: ({ req, originalUrl, protocol, host }) => ({
      ...nodeHost.toSessionRequest(req),
      url: originalUrl,
      origin: `${protocol}://${host}`,
    }),
    paramsOf: ({ params }) => params,
    addToAnswer: ({ res }, extra) => nodeHost.addToAnswer(res, extra),
    // A handshake is no context of Koa's.
    addressOf: ({ ip, req }: Partial<Context> & Pick<Context, 'req'>) => ip ?? nodeHost.addressOf(req),
  });
  engine.load();

  function refuse(error: unknown, context: Context): void {
    const invitation = engine.inviteToLogin(error, context);
    if (invitation === undefined) throwRefusal(context, error, engine.refusalOf);
    sendAnswer(context, invitation);
  }

  const toRoutes = (routes: Routes<Context>): KoaMiddleware => {
    return async (context, next) => {
      const route = routes.find(context.method, context.path);
      if (route === undefined) return void (await next());
      const answer = await answerRoute(engine, route, context, sentOnNode(context.req, bodyOf(context)));
      if (answer !== undefined) sendAnswer(context, answer);
    };
  };

  return {
    ...toKeycloak<Context, Context, KoaMiddleware, Context, C>(engine, {
      toGuard: (guard) => async (context, next) => {
        let principal: Principal | null;
        try {
          const decided = guard.decide(context, context);
          principal = isThenable(decided) ? await decided : decided;
        } catch (error) {
          return refuse(error, context);
        }
        // An optional guard keeps a principal that the application set itself.
        if (principal !== null) context.state.principal = principal;
        await next();
      },
      toRoutes,
      mcp: (mcpOptions) => toKoaMcp(engine, mcpOptions, refuse, toRoutes),
      principalOf: ({ state }) => state.principal,
    }),
    ...toSockets<Context, C>(engine, toContext),
  };
}

const toOriginal = (
  { headers, rawHeaders, method, socket }: IncomingMessage,
  originalUrl: string,
): RequestLike => ({ headers, rawHeaders, method, originalUrl, socket });

/** A handshake, which is no request of Koa's, as the part of a context that is needed. */
function toContext(req: IncomingMessage): Context {
  const [protocol = '', host = ''] = originOf(req).split('://');
  return { req, originalUrl: req.url, protocol, host } as unknown as Context;
}
