import type { IncomingMessage } from 'node:http';
import type { ExecutionContext, HttpServer } from '@nestjs/common';
import type { AppClaims, Principal, Requirements, TokenVerifier } from '../../core/index.ts';
import { type Gate, type Health, healthOf } from '../../core/internal.ts';
import {
  type Door,
  type NodeRequest,
  nodeHost,
  type Permissions,
  type Routes,
  requirementsOf,
  type SocketIoMiddleware,
} from '../engine/internal.ts';
import type {
  Calls,
  EventsOf,
  FetchAsOptions,
  FetchForOptions,
  TokenAsOptions,
  TokenForOptions,
} from '../face/index.ts';
import { createCalls, createDoor, createEvents, createLoginGate } from '../face/internal.ts';
import { type McpServer, openMcp } from '../mcp/internal.ts';
import { createAdmission } from './admission.ts';
import type { Call, KeycloakRequest } from './call.ts';
import { decide } from './decide.ts';
import { toCallMessages, toCallOptions, toCallSession } from './for-calls.ts';
import { createGatewayConnections, type GatewayConnections } from './gateway-connections.ts';
import { toHttpCall } from './http-call.ts';
import { mountRoutes } from './mount.ts';
import { mountMcp } from './mount-mcp.ts';
import { createNestLog } from './nest-log.ts';
import { type KeycloakModuleOptions, type NestOptions, splitOptions } from './options.ts';
import { toPathPermit } from './path-permit.ts';
import { createCallReader } from './to-call.ts';
import { type Handshakes, hearOfHandshakes } from './ws-call.ts';

/**
 * The service that `KeycloakModule` provides. Inject it for the verifier, for a yes or no about a caller, and in tests.
 *
 * @example
 * const keycloak = new KeycloakService({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * const test = Test.createTestingModule({ imports: [AppModule] }).overrideProvider(KeycloakService).useValue(keycloak);
 */
export class KeycloakService<C extends object = AppClaims> implements Calls<KeycloakRequest>, EventsOf {
  readonly #door: Door<Call, Call, C>;
  readonly #routes: readonly Routes<Call>[];
  readonly #mcp: McpServer<Call, Call> | undefined;
  readonly #handshakes: Handshakes;
  readonly #gateways: GatewayConnections;
  readonly #calls: Calls<KeycloakRequest>;
  /** Follows Keycloak's events: see `KeycloakBase.events`. @throws {OptionsError} */
  readonly events: EventsOf['events'];
  /** Name of the security scheme of guarded routes in OpenAPI documents. */
  readonly securityScheme: string;
  /** Decides on a context, as `KeycloakGuard` does. @throws one of Nest's exceptions, or rejects with one, on refusal */
  readonly admit: (context: ExecutionContext) => boolean | Promise<boolean>;
  /** Counts a login, as `LoginLimitsGuard` does. @throws one of Nest's exceptions, or rejects with one, on refusal */
  readonly limitLogin: (context: ExecutionContext) => boolean | Promise<boolean>;

  /** @throws {OptionsError} naming every option that is missing, wrong or unknown */
  constructor(options: KeycloakModuleOptions<C>) {
    const { nest, rest } = splitOptions(options);
    this.securityScheme = nest.securityScheme ?? 'bearer';
    const log = rest.log ?? createNestLog();
    this.#door = createDoor<Call, Call, C>(toCallOptions({ ...rest, log }), {
      factory: 'KeycloakModule',
      toRequest: ({ credentials }) => credentials,
      toWire: (call) => call.toWire(),
      toAsked: ({ request }) => request,
      toAskedMore: ({ context }) => [context],
      paramsOf: ({ request }) => (request as { params?: unknown } | undefined)?.params,
      addToAnswer: (outgoing, extra) => outgoing.addToAnswer(extra),
      addressOf: ({ request }) => request && nodeHost.addressOf(request as NodeRequest),
    });
    if (nest.permissions !== undefined) this.#door.permits.open(nest.permissions);
    const mcp = nest.mcp && openMcp(this.#door as never as Door<Call, Call>, nest.mcp);
    this.#mcp = mcp?.server;
    this.#routes = [...toRoutes(this.#door, nest), ...(mcp === undefined ? [] : [mcp.routes])];
    const { toCall, handshakes } = createCallReader(nest.tokenFrom);
    this.#handshakes = handshakes;
    this.#gateways = createGatewayConnections(this.#door, handshakes, toCall, log);
    this.#calls = createCalls<Call, KeycloakRequest>(this.#door as never, (request) =>
      toHttpCall(undefined, request, undefined),
    );
    this.events = createEvents('KeycloakModule', this.#door.verifier).events;
    const paths = toPathPermit(this.#door.permits, nest.pathEnforcer);
    const logins = createLoginGate<Call, Call>(this.#door as never, nest.loginLimits as never) as Gate<
      Call,
      Call
    >;
    this.limitLogin = (context) => decide(this.#door, { gate: logins }, context, toCall(context));
    this.admit = createAdmission(this.#door, toCall, log, this.#gateways, paths);
  }

  /** Verifies tokens; the same object that the guards use. */
  get verifier(): TokenVerifier<C> {
    return this.#door.verifier;
  }

  /** Asks Keycloak for permissions outside of a decorator. @throws {Error} without the option `permissions` */
  get permissions(): Permissions {
    return this.#door.permits.opened();
  }

  /**
   * Whether a principal meets requirements; false for `null` and `undefined`.
   *
   * @throws {OptionsError} for a misspelt or empty requirement
   * @example
   * const mayDelete = keycloak.has(principal, { realmRole: 'admin' });
   */
  has(principal: Principal<C> | null | undefined, requirements: Requirements<C>): boolean {
    return this.#door.has(principal, requirements);
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
  connect(client: object, ...given: [requirements?: Requirements<C>]): Promise<Principal<C> | undefined> {
    return this.#gateways.connect(client, requirementsOf(given) as Requirements) as Promise<
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
  socket(...given: [requirements?: Requirements<C>]): SocketIoMiddleware {
    return this.#gateways.socket(requirementsOf(given) as Requirements);
  }

  /**
   * Adds the routes that `session`, `backchannelLogout`, `protectedResource` and `mcp` turn on, and watches for WebSocket
   * handshakes. `KeycloakModule` calls it, before the app has its routes.
   *
   * @throws {Error} on a platform that is neither Express nor Fastify, if one of those options is set
   */
  mount(platform: HttpServer): void {
    for (const routes of this.#routes) mountRoutes(platform, this.#door, routes);
    if (this.#mcp !== undefined) mountMcp(platform, this.#door, this.#mcp);
    hearOfHandshakes(platform, this.#handshakes);
  }

  /**
   * The caller's access token, to call another API on their behalf: the bearer token as it was sent, or the session's token,
   * renewed if it is about to expire. `null` if nobody is signed in.
   *
   * @param request Express's or Fastify's
   * @throws {AuthError} rejects with the error that a guard would refuse the request with
   * @example
   * const token = await keycloak.accessToken(request);
   */
  accessToken(request: KeycloakRequest): Promise<string | null> {
    return this.#door.accessToken(toHttpCall(undefined, request, undefined));
  }

  /**
   * A `fetch` for one service in the name of callers: see `Calls.fetchFor`.
   *
   * @throws {OptionsError} if an option is wrong, the module has no `audience`, or the client no credential
   * @example
   * const orders = keycloak.fetchFor({ origin: 'https://orders.internal', audience: 'orders' });
   * const answer = await orders(request, '/orders/7');
   */
  fetchFor(options: FetchForOptions): ReturnType<Calls<KeycloakRequest>['fetchFor']> {
    return this.#calls.fetchFor(options);
  }

  /** A `fetch` for one service in the application's own name: see `Calls.fetchAs`. @throws {OptionsError} */
  fetchAs(options: FetchAsOptions): ReturnType<Calls<KeycloakRequest>['fetchAs']> {
    return this.#calls.fetchAs(options);
  }

  /** The token of `fetchFor`, for other protocols than HTTP. @throws {OptionsError} */
  tokenFor(options: TokenForOptions): ReturnType<Calls<KeycloakRequest>['tokenFor']> {
    return this.#calls.tokenFor(options);
  }

  /** The token of `fetchAs`, for other protocols and for clients that want one. @throws {OptionsError} */
  tokenAs(options?: TokenAsOptions): ReturnType<Calls<KeycloakRequest>['tokenAs']> {
    return this.#calls.tokenAs(options);
  }

  /** Whether this process can verify tokens, for a route of your own that a load balancer asks: see `KeycloakBase.health`. */
  health(): Health {
    return healthOf(this.#door.verifier);
  }

  /** Starts to load the realm's keys, so that no request has to wait for them. `KeycloakModule` calls it. */
  load(): void {
    this.#door.load();
  }

  /** Ends every timer. `KeycloakModule` calls it at shutdown. */
  close(): Promise<void> {
    return this.#door.close();
  }
}

function toRoutes(
  door: Pick<Door<Call, Call>, 'openSessions' | 'messages' | 'protectedResource'>,
  { session, backchannelLogout = false, protectedResource }: NestOptions,
): Routes<Call>[] {
  const messages = backchannelLogout === true ? {} : backchannelLogout;
  return [
    ...(session === undefined ? [] : [door.openSessions(toCallSession(session))]),
    ...(messages === false ? [] : [door.messages(toCallMessages(messages))]),
    ...(protectedResource === undefined ? [] : [door.protectedResource(protectedResource)]),
  ];
}
