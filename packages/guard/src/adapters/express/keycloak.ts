import type { Request } from 'express';
import type { AppClaims, Principal, Requirements, TokenVerifier } from '../../core/index.ts';
import type { Gate, GuardOptions } from '../../core/internal.ts';
import {
  type AcceptUpgrade,
  answerNode,
  type BackchannelLogoutOptions,
  type Connection,
  createDoor,
  type Decide,
  type KeycloakOptions,
  type Next,
  type NodeRequest,
  type NodeResponse,
  nodeHost,
  originOf,
  type PathEnforcerOptions,
  type PermissionSettings,
  type Permissions,
  type PermitOptions,
  type PermitRule,
  type ProtectedResourceOptions,
  type RuleOfRequest,
  type SessionSettings,
  type SocketIoMiddleware,
  toNodeGuard,
  toNodePath,
  toNodeRoutes,
  toPermitGate,
  toSocketIoMiddleware,
  toUpgradeListener,
  type UpgradeListener,
} from '../engine/internal.ts';
import type { McpAuthInfo, McpOptions } from '../mcp/index.ts';
import { toNodeMcp } from '../mcp/internal.ts';
import { createLastErrorHandler } from './last-error-handler.ts';

declare global {
  namespace Express {
    interface Request {
      /** Who is calling; `undefined` where no guard ran, or an optional one found no token. */
      principal?: import('../../core/index.ts').Principal;
    }
  }
}

/** A request of Express's, 4 or 5, as much of it as is needed. */
export type ExpressRequest = NodeRequest & {
  readonly protocol?: string;
  readonly app?: { get(setting: string): unknown };
  principal?: Principal;
  auth?: McpAuthInfo;
  body?: unknown;
};
/** Middleware for Express, 4 or 5. */
export type ExpressMiddleware = (request: ExpressRequest, response: NodeResponse, next: Next) => void;

/** keycloak-guard for Express. */
export interface ExpressKeycloak<C extends object = AppClaims> {
  readonly verifier: TokenVerifier<C>;
  /**
   * Middleware that lets requests pass which are authenticated and meet the requirements, and sets `request.principal`. For
   * one route, a router, or all that comes after it. A refusal goes to the error handlers of the app; where none answers it,
   * the answer has status, challenge and `{"detail": …}`.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   * @example
   * app.delete('/orders/:id', kc.guard({ realmRole: 'admin' }), remove);
   */
  guard(requirements?: GuardOptions): ExpressMiddleware;
  /**
   * Signs people in with the browser: answers login, callback, session and logout. Guards then take its cookie as well as a
   * bearer token, and send the browser to the login where a page is asked for and nobody is signed in.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @example
   * app.use(kc.session({ secret: process.env.SESSION_SECRET ?? '' }));
   */
  session(settings: SessionSettings<Request>): ExpressMiddleware;
  /**
   * Says which resource this API is: answers `GET /.well-known/oauth-protected-resource`, with the path of its URL behind, and
   * names it in every challenge, so that clients which know nothing but the URL find Keycloak and the scopes.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @see RFC 9728
   * @example
   * app.use(kc.protectedResource({ url: 'https://api.example.com', scopes: ['orders:read'] }));
   */
  protectedResource(options: ProtectedResourceOptions): ExpressMiddleware;
  /**
   * Guards an MCP server at the path of its URL, and answers its metadata. Sets `request.principal`, `request.auth` for the
   * SDK's transport and, with `tools`, `request.body`. To be used before the route of the server.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @see Model Context Protocol, "Authorization"
   * @example
   * app.use(kc.mcp({ url: 'https://example.com/mcp', scopes: ['mcp:tools'] }));
   * app.post('/mcp', (request, response) => transport.handleRequest(request, response, request.body));
   */
  mcp(options: McpOptions): ExpressMiddleware;
  /** Lets Keycloak tell that a session ended: answers `POST /backchannel-logout`. */
  backchannelLogout(options?: BackchannelLogoutOptions<Request>): ExpressMiddleware;
  /**
   * The access token of the caller, for a call of another API on their behalf: the bearer token as it came, or that of the
   * session, renewed when it is about to expire. `null`: nobody is there.
   *
   * @throws {AuthError} rejects with what a guard would refuse the header for
   */
  accessToken(request: ExpressRequest): Promise<string | null>;
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
   * app.get('/orders/:id', kc.guard(), kc.permit(({ params }) => `order-${params.id}#view`), show);
   */
  permit(rule: PermitRule | RuleOfRequest<Request>, options?: PermitOptions<Request>): ExpressMiddleware;
  /**
   * Middleware that decides by path and method, for a whole app: after a guard, and before every router and everything that
   * rewrites paths. Comes after `permissions`.
   *
   * @throws {OptionsError} for an option or a part of the configuration that is wrong
   */
  pathEnforcer(options?: Omit<PathEnforcerOptions, 'permissions'>): ExpressMiddleware;
  /**
   * Guards a connection that stays open, for example server-sent events: says who it is, and when it has to end.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   * @throws {AuthError} rejects with what a guard would refuse the request for
   * @example
   * const connection = await kc.connect(request);
   * connection.signal.addEventListener('abort', () => response.end());
   * response.once('close', connection.end);
   */
  connect(request: ExpressRequest, requirements?: Requirements<C>): Promise<Connection>;
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
 * Checks bearer tokens of Keycloak in Express, 4 or 5, and guards routes.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * app.get('/hello', kc.guard(), (request, response) => response.json({ hello: request.principal?.username }));
 */
export function keycloak<C extends object = AppClaims>(
  options: KeycloakOptions<Request, C>,
): ExpressKeycloak<C> {
  const door = createDoor<ExpressRequest, NodeResponse, C>(options as KeycloakOptions<ExpressRequest, C>, {
    factory: 'keycloak',
    ...nodeHost,
    toWire: (request) => ({ ...nodeHost.toWire(request), origin: publicOriginOf(request) }),
  });
  door.load();

  const isCaught = createLastErrorHandler((error, request, response, next) => {
    const answer = door.refusalOf(error, request);
    if (answer === undefined || response.headersSent) next(error);
    else answerNode(response, answer);
  });

  const refuse = (error: unknown, request: ExpressRequest, response: NodeResponse, next: Next) => {
    const answer = isCaught(request) ? undefined : door.refusalOf(error, request);
    if (answer === undefined) next(error);
    else answerNode(response, answer);
  };
  const toMiddleware = (gate: Pick<Gate<ExpressRequest, NodeResponse>, 'decide'>): ExpressMiddleware =>
    toNodeGuard(door, gate, refuse);
  const toPermit = (decide: Decide<ExpressRequest>): ExpressMiddleware =>
    toMiddleware(toPermitGate(decide, (request) => request.principal));

  return {
    verifier: door.verifier,
    guard: (requirements) => toMiddleware(door.gate(requirements)),
    permissions: door.permits.open,
    permit: (rule, given) => toPermit(door.permits.permit(rule, given)),
    pathEnforcer: (given) => toPermit(door.permits.enforcePaths(given, toPath)),
    protectedResource: (given) => toNodeRoutes(door, door.protectedResource(given)),
    mcp: (given) => toNodeMcp(door, given, refuse),
    session: (settings) => toNodeRoutes(door, door.openSessions(settings as SessionSettings<ExpressRequest>)),
    backchannelLogout: (given) =>
      toNodeRoutes(door, door.messages(given as BackchannelLogoutOptions<ExpressRequest>)),
    accessToken: door.accessToken,
    connect: (request, requirements = {}) =>
      door.connections.guard(requirements as Requirements).open(request),
    upgrade: (requirements, accept) =>
      toUpgradeListener(door.connections.guard(requirements as Requirements), door.refusalOf, accept),
    socket: (requirements = {}) => toSocketIoMiddleware(door.connections.guard(requirements as Requirements)),
    has: door.has,
    close: door.close,
  };
}

/** With the address and the scheme that Express knows of, by its `trust proxy`. */
function toPath(request: ExpressRequest): ReturnType<typeof toNodePath> {
  const { ip, protocol } = request as Request;
  return { ...toNodePath(request), remoteAddress: ip, isSecure: protocol === 'https' };
}

/** As Express sees it, with its `trust proxy`. */
export function publicOriginOf(request: ExpressRequest): string {
  const { protocol } = request;
  return protocol === undefined ? originOf(request) : `${protocol}://${hostOf(request)}`;
}

/** With the port: Express 4 takes it away from `request.hostname`, and has no other that knows of proxies. */
function hostOf(request: ExpressRequest): string {
  const isTrusted = request.app?.get('trust proxy fn') as
    | ((address: string | undefined, hop: number) => boolean)
    | undefined;
  const [forwarded = ''] = [request.headers['x-forwarded-host'] ?? ''].flat().join().split(',', 1);
  const isBehindProxy = forwarded.trim() !== '' && isTrusted?.(request.socket.remoteAddress, 0) === true;
  return isBehindProxy ? forwarded.trim() : (request.headers.host ?? '');
}
