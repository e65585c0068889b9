import type { AppClaims, Principal, Requirements, TokenVerifier } from '../../core/index.ts';
import { type Gate, type GuardOptions, isThenable, toJsonAnswer } from '../../core/internal.ts';
import {
  type AcceptUpgrade,
  answerNode,
  type BackchannelLogoutOptions,
  type Connection,
  createDoor,
  type Decide,
  type KeycloakOptions,
  type Next,
  type NodeMiddleware,
  type NodeRequest,
  type NodeResponse,
  nodeHost,
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
import type { McpOptions } from '../mcp/index.ts';
import { toNodeMcp } from '../mcp/internal.ts';

/** A listener that runs for guarded requests alone; `principal` is `undefined` where nobody has to be there, and is not. */
export type GuardedListener<P = Principal> = (
  request: NodeRequest & { readonly principal: P },
  response: NodeResponse,
) => unknown;

/** keycloak-guard for Node's own servers: `http`, `https` and `http2`. */
export interface NodeKeycloak<C extends object = AppClaims> {
  readonly verifier: TokenVerifier<C>;
  /**
   * Guards a listener, or, without one, as middleware `(request, response, next)`. A refused request is answered with
   * status, challenge and `{"detail": …}`; where the listener throws or rejects, the answer is a 500 and the error is logged.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   */
  guard(
    requirements: GuardOptions & { readonly optional: true },
    listener: GuardedListener<Principal<C> | undefined>,
  ): (request: NodeRequest, response: NodeResponse) => void;
  guard(
    requirements: GuardOptions,
    listener: GuardedListener<Principal<C>>,
  ): (request: NodeRequest, response: NodeResponse) => void;
  guard(requirements?: GuardOptions): NodeMiddleware;
  /**
   * Signs people in with the browser: answers login, callback, session and logout, and lets all else through. Guards then
   * take its cookie as well as a bearer token.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   */
  session(settings: SessionSettings<NodeRequest>): NodeMiddleware;
  /**
   * Says which resource this API is: answers `GET /.well-known/oauth-protected-resource`, with the path of its URL behind, and
   * names it in every challenge; lets all else through.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @see RFC 9728
   */
  protectedResource(options: ProtectedResourceOptions): NodeMiddleware;
  /**
   * Guards an MCP server at the path of its URL, and answers its metadata; lets all else through. Sets `principal`, `auth` for
   * the SDK's transport and, with `tools`, `body` of the request.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   * @see Model Context Protocol, "Authorization"
   */
  mcp(options: McpOptions): NodeMiddleware;
  /** Lets Keycloak tell that a session ended: answers `POST /backchannel-logout`, and lets all else through. */
  backchannelLogout(options?: BackchannelLogoutOptions<NodeRequest>): NodeMiddleware;
  /**
   * The access token of the caller, for a call of another API on their behalf: the bearer token as it came, or that of the
   * session, renewed when it is about to expire. `null`: nobody is there.
   *
   * @throws {AuthError} rejects with what a guard would refuse the header for
   */
  accessToken(request: NodeRequest): Promise<string | null>;
  /**
   * Turns on questions to Keycloak's authorization services, for `permit`. `clientSecret` may be left out where `keycloak` has
   * it.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   */
  permissions(settings?: PermissionSettings): Permissions;
  /**
   * A listener, or, without one, middleware, for whoever the guard around it found and has the permission, as Keycloak
   * decides. All others are answered as the guard does. Comes after `permissions`.
   *
   * @throws {OptionsError} for a rule or an option that is wrong
   * @example
   * createServer(kc.guard({}, kc.permit('orders#view', {}, (request, response) => response.end('orders'))));
   */
  permit(
    rule: PermitRule | RuleOfRequest<NodeRequest>,
    options: PermitOptions<NodeRequest>,
    listener: GuardedListener<Principal<C>>,
  ): (request: NodeRequest, response: NodeResponse) => void;
  permit(rule: PermitRule | RuleOfRequest<NodeRequest>, options?: PermitOptions<NodeRequest>): NodeMiddleware;
  /**
   * A listener or, without one, middleware that decides by path and method, for a whole server: inside or after a guard, and
   * before every router and everything that rewrites paths. Comes after `permissions`.
   *
   * @throws {OptionsError} for an option or a part of the configuration that is wrong
   * @example
   * createServer(kc.guard({}, kc.pathEnforcer({ config }, route)));
   */
  pathEnforcer(
    options: Omit<PathEnforcerOptions, 'permissions'>,
    listener: GuardedListener<Principal<C>>,
  ): (request: NodeRequest, response: NodeResponse) => void;
  pathEnforcer(options?: Omit<PathEnforcerOptions, 'permissions'>): NodeMiddleware;
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
  connect(request: NodeRequest, requirements?: Requirements<C>): Promise<Connection>;
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
 * Checks bearer tokens of Keycloak on Node's own servers.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * createServer(kc.guard({}, (request, response) => response.end(`hello ${request.principal.username}`))).listen(3000);
 */
export function keycloak<C extends object = AppClaims>(
  options: KeycloakOptions<NodeRequest, C>,
): NodeKeycloak<C> {
  const door = createDoor<NodeRequest, NodeResponse, C>(options, { factory: 'keycloak', ...nodeHost });
  door.load();

  const refuse = (error: unknown, request: NodeRequest, response: NodeResponse, next: Next) => {
    const answer = door.refusalOf(error, request);
    if (answer === undefined) next(error);
    else answerNode(response, answer);
  };
  const toMiddleware = (gate: Pick<Gate<NodeRequest, NodeResponse>, 'decide'>): NodeMiddleware =>
    toNodeGuard(door, gate, refuse);

  const toPermit = (decide: Decide<NodeRequest>): NodeMiddleware =>
    toMiddleware(toPermitGate(decide, (request) => (request as { principal?: Principal }).principal));

  function fail(err: unknown, response: NodeResponse): void {
    door.log.error({ err }, 'a guarded request failed');
    // An answer that has begun cannot become another one: that it is not whole, the client must see.
    if (response.headersSent) response.destroy();
    else answerNode(response, FAULT);
  }

  /** A promise costs as much as the guard itself: none is made for a listener that gives none. */
  function run(listener: GuardedListener<never>, request: NodeRequest, response: NodeResponse): void {
    try {
      const running = listener(request as never, response);
      // Nobody else would take its error, and it would end the process.
      if (isThenable(running)) Promise.resolve(running).catch((error: unknown) => fail(error, response));
    } catch (error) {
      fail(error, response);
    }
  }

  function toGuarded(middleware: NodeMiddleware, listener?: GuardedListener<never>) {
    if (listener === undefined) return middleware;
    return (request: NodeRequest, response: NodeResponse) =>
      middleware(request, response, (error) => {
        if (error === undefined) run(listener, request, response);
        else fail(error, response);
      });
  }

  return {
    verifier: door.verifier,
    guard: ((requirements?: GuardOptions, listener?: GuardedListener<never>) =>
      toGuarded(toMiddleware(door.gate(requirements)), listener)) as NodeKeycloak<C>['guard'],
    permissions: door.permits.open,
    permit: ((rule: PermitRule, given?: PermitOptions<NodeRequest>, listener?: GuardedListener<never>) =>
      toGuarded(toPermit(door.permits.permit(rule, given)), listener)) as NodeKeycloak<C>['permit'],
    pathEnforcer: ((given?: Omit<PathEnforcerOptions, 'permissions'>, listener?: GuardedListener<never>) =>
      toGuarded(
        toPermit(door.permits.enforcePaths(given, toNodePath)),
        listener,
      )) as NodeKeycloak<C>['pathEnforcer'],
    session: (settings) => toNodeRoutes(door, door.openSessions(settings)),
    protectedResource: (given) => toNodeRoutes(door, door.protectedResource(given)),
    mcp: (given) => toNodeMcp(door, given, refuse),
    backchannelLogout: (given) => toNodeRoutes(door, door.messages(given)),
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

/** Node's servers have no error path of their own. */
const FAULT = toJsonAnswer(500, {}, { detail: 'Internal Server Error' });
