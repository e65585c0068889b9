import type { IncomingMessage } from 'node:http';
import type { ExecutionContext, HttpServer } from '@nestjs/common';
import type { AppClaims, Principal, Requirements } from '../../core/index.ts';
import type { Answer, RequestGuard } from '../../core/internal.ts';
import type { KeycloakBase } from '../engine/index.ts';
import {
  answerNode,
  answerRoute,
  createEngineWithParts,
  createLoginGuard,
  type Engine,
  type EngineHost,
  type Next,
  type NodeRequest,
  type NodeResponse,
  nodeHost,
  openNodeMcp,
  type Permissions,
  pathOf,
  type Routes,
  requirementsOf,
  type SocketIoMiddleware,
  sentOnNode,
  toBase,
  toRoutes,
} from '../engine/internal.ts';
import { createAdmission } from './admission.ts';
import type { Call, KeycloakRequest, Outgoing } from './call.ts';
import { decide } from './decide.ts';
import { createGatewayConnections, type GatewayConnections } from './gateway-connections.ts';
import {
  createNestLog,
  type KeycloakModuleOptions,
  splitOptions,
  toCallOptions,
  toCallParts,
} from './options.ts';
import { createCallReader, type Handshakes, listenToHandshakes, toHttpCall } from './to-call.ts';

type ExpressRequest = NodeRequest & { readonly body?: unknown };
type FastifyRequest = KeycloakRequest & { readonly raw: NodeRequest; readonly body?: unknown };
type FastifyReply = Extract<Outgoing, { headers(all: object): unknown }> & {
  code(status: number): unknown;
  send(body: string | undefined): unknown;
  readonly raw: NodeResponse;
};
export type Hook = (request: FastifyRequest, reply: FastifyReply, done: Next) => void;

/**
 * Answers the routes of sessions, messages and metadata on Express and Fastify, before the application's routes.
 *
 * @throws {Error} on any other platform
 */
function mountRoutes(
  platform: HttpServer,
  engine: Pick<Engine<Call, Call>, 'refusalOf'>,
  routes: Routes<Call>,
): void {
  /** @returns `undefined` if none of the routes matches */
  function answer(call: Call, raw: NodeRequest, parsed?: unknown): Promise<Answer | undefined> | undefined {
    const route = routes.find(raw.method, pathOf(raw.url ?? '/'));
    return route && answerRoute(engine, route, call, sentOnNode(raw, parsed));
  }

  function middleware(request: ExpressRequest, response: NodeResponse, next: Next): void {
    const answered = answer(toHttpCall(undefined, request, response), request, request.body);
    if (answered === undefined) next();
    else answered.then((one) => one && answerNode(response, one), next);
  }

  const hook: Hook = (request, reply, done) => {
    const answered = answer(toHttpCall(undefined, request, reply), request.raw);
    if (answered === undefined) done();
    else answered.then((one) => one && send(reply, one), done);
  };

  const type = platform.getType();
  if (type === 'express') platform.use(middleware);
  else if (type === 'fastify') platform.getInstance().addHook('onRequest', hook);
  else throw new Error(`the module's own routes need Express or Fastify; this is ${type}`);
}

function send(reply: FastifyReply, { status, headers, setCookies, body }: Answer): void {
  reply.code(status);
  reply.headers(headers);
  for (const cookie of setCookies) reply.header('set-cookie', cookie);
  reply.send(body);
}

export interface KeycloakService<C extends object = AppClaims>
  extends Omit<KeycloakBase<KeycloakRequest, C>, 'connect' | 'load'> {}

/**
 * The service that `KeycloakModule` provides. Inject it for the verifier, for a yes or no about a caller, for calls to other
 * services, and in tests. Where a method takes a request, it is Express's or Fastify's.
 *
 * @example
 * const keycloak = new KeycloakService({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * const test = Test.createTestingModule({ imports: [AppModule] }).overrideProvider(KeycloakService).useValue(keycloak);
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor assigns the members of the interface.
export class KeycloakService<C extends object = AppClaims> {
  readonly #engine: Engine<Call, Call, C>;
  readonly #routes: Routes<Call>;
  readonly #handshakes: Handshakes;
  readonly #gateways: GatewayConnections;
  /** Name of the security scheme of guarded routes in OpenAPI documents. */
  readonly securityScheme: string;
  /** Whether the option `mcp` is set. */
  readonly servesMcp: boolean;
  /** Decides on a context, as `KeycloakGuard` does. @throws one of Nest's exceptions, or rejects with one, on refusal */
  readonly admit: (context: ExecutionContext) => boolean | Promise<boolean>;
  /** Counts a login, as `LoginLimitsGuard` does. @throws one of Nest's exceptions, or rejects with one, on refusal */
  readonly limitLogin: (context: ExecutionContext) => boolean | Promise<boolean>;

  /** @throws {OptionsError} naming every option that is missing, wrong or unknown */
  constructor(options: KeycloakModuleOptions<C>) {
    // A `useFactory` without a `return` gives none: then each is missing.
    const { nest, rest } = splitOptions(options ?? ({} as never));
    this.securityScheme = nest.securityScheme ?? 'bearer';
    const log = rest.log ?? createNestLog();
    const { engine, routes } = createEngineWithParts<Call, Call, C>(
      { ...toCallOptions({ ...rest, log }), ...toCallParts(nest) },
      HOST,
    );
    this.#engine = engine;
    const mcp = nest.mcp && openNodeMcp(engine as never as Engine<Call, Call>, nest.mcp);
    this.servesMcp = mcp !== undefined;
    this.#routes = toRoutes([...routes, ...(mcp?.publish().all ?? [])]);
    const { toCall, handshakes } = createCallReader(nest.tokenFrom);
    this.#handshakes = handshakes;
    this.#gateways = createGatewayConnections(engine, handshakes, toCall, log);
    const {
      connect: _,
      load: __,
      ...base
    } = toBase<Call, C, KeycloakRequest>(engine, (request) => toHttpCall(undefined, request, undefined));
    Object.assign(this, base);
    this.admit = createAdmission(engine, toCall, log, this.#gateways, mcp);
    const logins = createLoginGuard<Call, Call>(engine as never, nest.loginLimits as never) as RequestGuard<
      Call,
      Call
    >;
    this.limitLogin = (context) => decide(engine, { guard: logins }, context, toCall(context));
  }

  /** Asks Keycloak for permissions outside of a decorator. @throws {Error} without the option `permissions` */
  get permissions(): Permissions {
    return this.#engine.permits.opened();
  }

  /**
   * Remembers the request that a `ws` client connected with. Only a gateway on its own port needs this.
   *
   * @example
   * class Chat { handleConnection(client: WebSocket, request: IncomingMessage) { keycloak.handshake(client, request); } }
   */
  handshake(client: object, request: IncomingMessage): void {
    this.#handshakes.remember(client, request);
  }

  /**
   * Guards a gateway connection before its first message. A refused client is disconnected at once, an admitted one when its
   * token expires or its session ends. `ws` closes with 4401 (not authenticated), 4403 (requirement not met) or 1013 (Keycloak
   * does not answer); Socket.IO gets the event `auth_error`. Without this call, guarding begins with the first guarded message.
   *
   * @param client Socket.IO's or `ws`'s
   * @returns the principal, or `undefined` if the client was refused, which does not reject
   * @throws {OptionsError} rejects with one for a misspelt or empty requirement
   * @example
   * class Chat { async handleConnection(client: WebSocket) { await keycloak.connect(client, { realmRole: 'user' }); } }
   */
  connect(client: object, ...args: [requirements?: Requirements<C>]): Promise<Principal<C> | undefined> {
    return this.#gateways.connect(client, requirementsOf(args) as Requirements) as Promise<
      Principal<C> | undefined
    >;
  }

  /**
   * Continues an open connection with a new access token of the same person. Call it from a message of your own.
   *
   * @throws {WsException} rejects with what a guard would refuse the token with; the connection keeps the old token
   * @example
   * class Chat { @SubscribeMessage('auth') auth(client: WebSocket, { token }: { token: string }) { return keycloak.renew(client, token); } }
   */
  renew(client: object, token: string): Promise<Principal<C>> {
    return this.#gateways.renew(client, token) as Promise<Principal<C>>;
  }

  /**
   * Middleware for Socket.IO's server. It guards the handshake as `connect` guards a connection, and refuses with
   * `connect_error`. A client continues with a new token by the event `auth`, which is acknowledged with `{ ok }`.
   *
   * @throws {OptionsError} for a misspelt or empty requirement
   * @example
   * class Chat { afterInit(server: Server) { server.use(keycloak.socket({ realmRole: 'user' })); } }
   */
  socket(...args: [requirements?: Requirements<C>]): SocketIoMiddleware {
    return this.#gateways.socket(requirementsOf(args) as Requirements);
  }

  /**
   * Adds the routes that `session`, `backchannelLogout`, `protectedResource` and `mcp` turn on, and watches for WebSocket
   * handshakes. `KeycloakModule` calls it, before the app has its routes.
   *
   * @throws {Error} on a platform that is neither Express nor Fastify, if one of those options is set
   */
  mount(platform: HttpServer): void {
    if (this.#routes.all.length > 0) mountRoutes(platform, this.#engine, this.#routes);
    listenToHandshakes(platform, this.#handshakes);
  }

  /** Starts to load the realm's keys, so that no request has to wait for them. `KeycloakModule` calls it. */
  load(): void {
    this.#engine.load();
  }
}

const HOST: EngineHost<Call, Call> = {
  factory: 'KeycloakModule',
  toRequest: ({ credentials }) => credentials,
  toSessionRequest: (call) => call.toSessionRequest(),
  toAppRequest: ({ request }) => request,
  extraArguments: ({ context }) => [context],
  paramsOf: ({ request }) => (request as { params?: unknown } | undefined)?.params,
  addToAnswer: (outgoing, extra) => outgoing.addToAnswer(extra),
  addressOf: ({ request }) => request && nodeHost.addressOf(request as NodeRequest),
};
