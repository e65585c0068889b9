import type { IncomingMessage } from 'node:http';
import type { AppClaims, Principal, Requirements } from '../../core/index.ts';
import { loadPart } from '../../core/internal.ts';
import type { Engine } from './engine.ts';
import type { Framework, Keycloak } from './keycloak.ts';
import { toNodeMcp } from './mcp.ts';
import {
  answerNode,
  type Next,
  type NodeRequest,
  type NodeResponse,
  toNodeGuard,
  toNodeRoutes,
} from './node.ts';
import { requirementsOf } from './options.ts';
import type { GuardRequirements } from './requirements.ts';
import type { AcceptUpgrade, SocketIoMiddleware, UpgradeListener } from './sockets.ts';

/** Guards for connections to a server of Node's. */
export interface KeycloakSockets<C extends object = AppClaims> {
  /**
   * A listener for a server's `upgrade` event: guards the handshake of WebSockets. With a session cookie, pages of other
   * origins are refused. A socket that has to end is cut if the application does not end it.
   *
   * @throws {OptionsError} for a misspelt or empty requirement
   * @example
   * server.on('upgrade', kc.upgrade({}, (request, socket, head, connection) =>
   *   wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request, connection))));
   */
  upgrade(
    requirements: GuardRequirements<IncomingMessage, Requirements<C>>,
    accept: AcceptUpgrade,
  ): UpgradeListener;
  /**
   * Middleware for Socket.IO: guards the handshake by `auth.token`, the `Authorization` header or the session cookie, and
   * sets `socket.data.principal`. A client renews its token with the event `auth`; when the token expires, the socket is
   * disconnected.
   *
   * @throws {OptionsError} for a misspelt or empty requirement
   * @example
   * io.use(kc.socket({ realmRole: 'user' }));
   */
  socket(requirements?: GuardRequirements<IncomingMessage, Requirements<C>>): SocketIoMiddleware;
}

/** keycloak-guard for a framework on Node's servers. */
export interface ServerKeycloak<Request, Middleware, AppRequest = Request, C extends object = AppClaims>
  extends Keycloak<Request, Middleware, AppRequest, C>,
    KeycloakSockets<C> {}

/** Answers a refused request, or calls `next` with the error. */
export type RefuseNode<Incoming> = (
  error: unknown,
  request: Incoming,
  response: NodeResponse,
  next: Next,
) => void;

/** Frameworks with the middleware of connect: `(request, response, next)`. */
export function toNodeFramework<Incoming extends NodeRequest, C extends object>(
  engine: Engine<Incoming, NodeResponse, C>,
  refuse: RefuseNode<Incoming>,
): Framework<Incoming, NodeResponse, (request: Incoming, response: NodeResponse, next: Next) => void> {
  return {
    toGuard: (guard) => toNodeGuard(engine, guard, refuse),
    toRoutes: (routes) => toNodeRoutes(engine, routes),
    mcp: (options) => toNodeMcp(engine, options, refuse),
    principalOf: (request) => (request as { principal?: Principal }).principal,
  };
}

/** @param toIncoming the framework's request of a handshake, which is none of the framework's requests */
export function toSockets<Incoming, C extends object>(
  { connections, refusalOf, log }: Pick<Engine<Incoming, never, never>, 'connections' | 'refusalOf' | 'log'>,
  toIncoming: (request: IncomingMessage) => Incoming,
): KeycloakSockets<C> {
  const sockets = () => import('./sockets.ts');
  /** The handshakes, which no router has seen. */
  const handshakes = new WeakMap<object, IncomingMessage>();
  function remembered(request: IncomingMessage): Incoming {
    const incoming = toIncoming(request);
    handshakes.set(incoming as object, request);
    return incoming;
  }
  const requirementsHost = {
    toAppRequest: (one: Incoming) => [handshakes.get(one as object)],
    paramsOf: undefined,
  };
  const guardOf = (requirements: unknown) => {
    const guard = connections.guard(requirements as GuardRequirements<never, Requirements>, requirementsHost);
    return {
      open: (request: IncomingMessage) => guard.open(remembered(request)),
      openWith: (request: IncomingMessage, token: unknown) => guard.openWith(remembered(request), token),
    };
  };
  return {
    upgrade(requirements, accept) {
      const guard = guardOf(requirements);
      const refuse = (error: unknown, request: IncomingMessage) => refusalOf(error, toIncoming(request));
      const listener = loadPart(async () => (await sockets()).toUpgradeListener(guard, refuse, accept, log));
      return (request, socket, head) => {
        // A client may go away before anybody listens.
        socket.on('error', () => {});
        listener.loading.then(
          (listen) => listen(request, socket, head),
          () => socket.destroy(),
        );
      };
    },
    socket(...args) {
      const guard = guardOf(requirementsOf(args));
      const middleware = loadPart(async () => (await sockets()).toSocketIoMiddleware(guard, log));
      return (socket, next) => void middleware.loading.then((guardSocket) => guardSocket(socket, next), next);
    },
  };
}

/** Answers a refused request at once; `next` gets every other error. */
export function refuseAtOnce<Incoming>({
  refusalOf,
}: Pick<Engine<Incoming, never, never>, 'refusalOf'>): RefuseNode<Incoming> {
  return (error, request, response, next) => {
    const answer = refusalOf(error, request);
    if (answer === undefined) next(error);
    else answerNode(response, answer);
  };
}
