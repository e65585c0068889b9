import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import type { Claims, Principal, Requirements, TokenVerifier } from '../../core/index.ts';
import { type Gate, type GuardOptions, isThenable } from '../../core/internal.ts';
import {
  type AcceptUpgrade,
  answerRoute,
  type BackchannelLogoutOptions,
  type Connection,
  createDoor,
  type Decide,
  type KeycloakOptions,
  nodeHost,
  originOf,
  type PathEnforcerOptions,
  type PermissionSettings,
  type Permissions,
  type PermitOptions,
  type PermitRule,
  type ProtectedResourceOptions,
  type Routes,
  type RuleOfRequest,
  type SessionSettings,
  type SocketIoMiddleware,
  toNodePath,
  toPermitGate,
  toSocketIoMiddleware,
  toUpgradeListener,
  type UpgradeListener,
} from '../engine/internal.ts';
import { type KoaContext, sendAnswer, throwRefusal } from './refusal.ts';

declare module 'koa' {
  interface DefaultState {
    /** Who is calling; `undefined` where no guard ran, or an optional one found no token. */
    principal?: import('../../core/index.ts').Principal;
  }
}

/** Middleware for Koa. */
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/** keycloak-guard for Koa. */
export interface KoaKeycloak<C extends object = Claims> {
  readonly verifier: TokenVerifier<C>;
  /**
   * Middleware that lets requests pass which are authenticated and meet the requirements, and sets `ctx.state.principal`.
   * For one route, a router, or all that comes after it. A refusal is thrown, with `status`, `headers` and `expose`; where
   * no middleware in front catches it, the answer has status, challenge and `{"detail": …}`.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   * @example
   * router.delete('/orders/:id', kc.guard({ realmRole: 'admin' }), remove);
   */
  guard(requirements?: GuardOptions): KoaMiddleware;
  /**
   * Signs people in with the browser: answers login, callback, session and logout. Guards then take its cookie as well as a
   * bearer token, and send the browser to the login where a page is asked for and nobody is signed in.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @example
   * app.use(kc.session({ secret: process.env.SESSION_SECRET ?? '' }));
   */
  session(settings: SessionSettings<Context>): KoaMiddleware;
  /**
   * Says which resource this API is: answers `GET /.well-known/oauth-protected-resource`, with the path of its URL behind, and
   * names it in every challenge, so that clients which know nothing but the URL find Keycloak and the scopes.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @see RFC 9728
   * @example
   * app.use(kc.protectedResource({ url: 'https://api.example.com', scopes: ['orders:read'] }));
   */
  protectedResource(options: ProtectedResourceOptions): KoaMiddleware;
  /** Lets Keycloak tell that a session ended: answers `POST /backchannel-logout`. */
  backchannelLogout(options?: BackchannelLogoutOptions<Context>): KoaMiddleware;
  /**
   * The access token of the caller, for a call of another API on their behalf: the bearer token as it came, or that of the
   * session, renewed when it is about to expire. `null`: nobody is there.
   *
   * @throws {AuthError} rejects with what a guard would refuse the header for
   */
  accessToken(request: KoaContext): Promise<string | null>;
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
   * router.get('/orders/:id', kc.guard(), kc.permit(({ params }) => `order-${params.id}#view`), show);
   */
  permit(rule: PermitRule | RuleOfRequest<Context>, options?: PermitOptions<Context>): KoaMiddleware;
  /**
   * Middleware that decides by path and method, for a whole app: after a guard, and before every router and everything that
   * rewrites paths. Comes after `permissions`.
   *
   * @throws {OptionsError} for an option or a part of the configuration that is wrong
   */
  pathEnforcer(options?: Omit<PathEnforcerOptions, 'permissions'>): KoaMiddleware;
  /**
   * Guards a connection that stays open, for example server-sent events: says who it is, and when it has to end.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   * @throws {AuthError} rejects with what a guard would refuse the request for
   * @example
   * const connection = await kc.connect(ctx);
   * connection.signal.addEventListener('abort', () => body.end());
   * ctx.res.once('close', connection.end);
   */
  connect(request: KoaContext, requirements?: Requirements<C>): Promise<Connection>;
  /**
   * A listener of a server's `upgrade` event: guards the handshake of WebSockets. Pages of other origins are refused where a
   * session cookie came; a socket that has to end and is not ended by the application is cut.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   * @example
   * server.on('upgrade', kc.upgrade({}, (request, socket, head, connection) =>
   *   wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request, connection))));
   */
  upgrade(requirements: Requirements<C>, accept: AcceptUpgrade): UpgradeListener;
  /**
   * Middleware for Socket.IO: guards the handshake by `auth.token`, the `Authorization` header or the session cookie, and
   * sets `socket.data.principal`. The event `auth` with a new token goes on with it; a socket whose token expired is
   * disconnected.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   * @example
   * io.use(kc.socket({ realmRole: 'user' }));
   */
  socket(requirements?: Requirements<C>): SocketIoMiddleware;
  /** Whether somebody meets requirements. */
  has(principal: Principal<C> | null | undefined, requirements: Requirements<C>): boolean;
  /** Ends every timer. */
  close(): Promise<void>;
}

/**
 * Checks bearer tokens of Keycloak in Koa, and guards routes.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * router.get('/hello', kc.guard(), (ctx) => { ctx.body = { hello: ctx.state.principal?.username }; });
 */
export function keycloak<C extends object = Claims>(options: KeycloakOptions<Context, C>): KoaKeycloak<C> {
  const door = createDoor<KoaContext, KoaContext, C>(options as KeycloakOptions<KoaContext, C>, {
    factory: 'keycloak',
    toRequest: ({ req }) => req,
    // These two know of proxies (`app.proxy`). `ctx.origin` is the header `Origin` since Koa 3.
    toWire: ({ req, originalUrl, protocol, host }) => ({
      ...nodeHost.toWire(req),
      url: originalUrl,
      origin: `${protocol}://${host}`,
    }),
    addToAnswer: ({ res }, extra) => nodeHost.addToAnswer(res, extra),
  });
  door.load();

  function toMiddleware(gate: Pick<Gate<KoaContext, KoaContext>, 'decide'>): KoaMiddleware {
    return async (context, next) => {
      let principal: Principal | null;
      try {
        const decided = gate.decide(context, context);
        principal = isThenable(decided) ? await decided : decided;
      } catch (error) {
        const invitation = door.inviteToLogin(error, context);
        if (invitation === undefined) return throwRefusal(context, error, door.refusalOf);
        return sendAnswer(context, invitation);
      }
      // Where nobody has to be there, what the application found out itself stays.
      if (principal !== null) context.state.principal = principal;
      await next();
    };
  }

  const toPermit = (decide: Decide<KoaContext>): KoaMiddleware =>
    toMiddleware(toPermitGate(decide, ({ state }) => state.principal));

  /** The handshake of a WebSocket is no request of Koa's. */
  function ofRaw(requirements: Requirements<C>) {
    const guard = door.connections.guard(requirements as Requirements);
    return {
      open: (request: IncomingMessage) => guard.open(toContext(request)),
      openWith: (request: IncomingMessage, token: unknown) => guard.openWith(toContext(request), token),
    };
  }
  const refusalOfRaw = (error: unknown, request: IncomingMessage) =>
    door.refusalOf(error, toContext(request));

  const toRoutes =
    (routes: Routes<KoaContext>): KoaMiddleware =>
    async (context, next) => {
      const route = routes.find(context.method, context.path);
      if (route === undefined) await next();
      else {
        const answer = await answerRoute(door, route, context, bodyOf(context), context.req);
        if (answer !== undefined) sendAnswer(context, answer);
      }
    };

  return {
    verifier: door.verifier,
    guard: (requirements) => toMiddleware(door.gate(requirements)),
    permissions: door.permits.open,
    permit: (rule, given) => toPermit(door.permits.permit(rule, given)),
    pathEnforcer: (given) => toPermit(door.permits.enforcePaths(given, toPath)),
    session: (settings) => toRoutes(door.openSessions(settings as SessionSettings<KoaContext>)),
    protectedResource: (given) => toRoutes(door.protectedResource(given)),
    backchannelLogout: (given) => toRoutes(door.messages(given as BackchannelLogoutOptions<KoaContext>)),
    accessToken: door.accessToken,
    connect: (context, requirements = {}) =>
      door.connections.guard(requirements as Requirements).open(context),
    upgrade: (requirements, accept) => toUpgradeListener(ofRaw(requirements), refusalOfRaw, accept),
    socket: (requirements = {}) => toSocketIoMiddleware(ofRaw(requirements)),
    has: door.has,
    close: door.close,
  };
}

/** As Koa sees it, with its `app.proxy`. */
function toPath(context: KoaContext): ReturnType<typeof toNodePath> {
  const { originalUrl: url, protocol } = context;
  const { ip } = context as object as Context;
  const body = bodyOf(context);
  return { ...toNodePath(context.req), url, remoteAddress: ip, isSecure: protocol === 'https', body };
}

/** What a body parser made of it. */
function bodyOf({ request }: KoaContext): unknown {
  return (request as { readonly body?: unknown }).body;
}

/** As much of a context as can be made of a handshake. */
function toContext(req: IncomingMessage): KoaContext {
  const [protocol = '', host = ''] = originOf(req).split('://');
  return { req, originalUrl: req.url, protocol, host } as unknown as KoaContext;
}
