import type { IncomingMessage } from 'node:http';
import type { ExecutionContext, HttpServer } from '@nestjs/common';
import {
  createDoor,
  type Door,
  type Permissions,
  type Routes,
  type SocketIoMiddleware,
} from '../adapter/internal.ts';
import type { Claims, Principal, Requirements, TokenVerifier } from '../core/index.ts';
import { type ResolvedMcpOptions, resolveMcpOptions } from '../mcp/index.ts';
import { createAdmission } from './admission.ts';
import type { Call, KeycloakRequest } from './call.ts';
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
 * What `KeycloakModule` provides: for the verifier, a yes or no about somebody, and tests.
 *
 * @example
 * const keycloak = new KeycloakService({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * const test = Test.createTestingModule({ imports: [AppModule] }).overrideProvider(KeycloakService).useValue(keycloak);
 */
export class KeycloakService<C extends object = Claims> {
  readonly #door: Door<Call, Call, C>;
  readonly #routes: readonly Routes<Call>[];
  readonly #mcp: ResolvedMcpOptions | undefined;
  readonly #handshakes: Handshakes;
  readonly #gateways: GatewayConnections;
  /** Decides on a context, as `KeycloakGuard` does. @throws an exception of Nest's where it is refused */
  readonly admit: (context: ExecutionContext) => boolean | Promise<boolean>;

  /** @throws {OptionsError} naming every option that is missing, wrong or unknown */
  constructor(options: KeycloakModuleOptions<C>) {
    const { nest, rest } = splitOptions(options);
    const log = rest.log ?? createNestLog();
    this.#door = createDoor<Call, Call, C>(toCallOptions({ ...rest, log }), {
      factory: 'KeycloakModule',
      toRequest: ({ credentials }) => credentials,
      toWire: (call) => call.toWire(),
      toAsked: ({ request }) => request,
      addToAnswer: (outgoing, extra) => outgoing.addToAnswer(extra),
    });
    if (nest.permissions !== undefined) this.#door.permits.open(nest.permissions);
    this.#mcp = nest.mcp && resolveMcpOptions(nest.mcp);
    this.#routes = toRoutes(this.#door, nest, this.#mcp);
    const { toCall, handshakes } = createCallReader(nest.tokenFrom);
    this.#handshakes = handshakes;
    this.#gateways = createGatewayConnections(this.#door, handshakes, toCall, log);
    const paths = toPathPermit(this.#door.permits, nest.pathEnforcer);
    this.admit = createAdmission(this.#door, toCall, log, this.#gateways.follow, paths);
  }

  get verifier(): TokenVerifier<C> {
    return this.#door.verifier;
  }

  /** What the option `permissions` turned on, for questions of the application's own. @throws {Error} without it */
  get permissions(): Permissions {
    return this.#door.permits.opened();
  }

  /** Whether somebody meets requirements; false for nobody. @throws {OptionsError} for one that is misspelt or empty */
  has(principal: Principal<C> | null | undefined, requirements: Requirements<C>): boolean {
    return this.#door.has(principal, requirements);
  }

  /**
   * Says which request a client of `ws` began with. Only a gateway on a port of its own needs it: call it in
   * `handleConnection(client, request)`.
   */
  handshake(client: object, request: IncomingMessage): void {
    this.#handshakes.remember(client, request);
  }

  /**
   * Guards a connection to a gateway from its beginning, before its first message: whoever is refused is disconnected, and
   * whoever is let in is disconnected when the token expires or the session ends. `ws` closes with 4401 (nobody), 4403, or 1013
   * (nobody can tell now); Socket.IO gets `auth_error`. Where it is not called, that begins with the first guarded message.
   *
   * @param client of Socket.IO, or of `ws`
   * @returns who it is; `undefined`: refused. It never rejects for a client
   * @throws {OptionsError} rejects for a requirement that is misspelt or empty
   * @example
   * class Chat { async handleConnection(client: WebSocket) { await keycloak.connect(client, { realmRole: 'user' }); } }
   */
  connect(client: object, requirements: Requirements<C> = {}): Promise<Principal<C> | undefined> {
    return this.#gateways.connect(client, requirements as Requirements) as Promise<Principal<C> | undefined>;
  }

  /**
   * Goes on with a new access token of the same person, on a connection that is open: for a message of the application's own.
   *
   * @throws {WsException} rejects as a guard would refuse the token; the connection goes on with the old one
   * @example
   * class Chat { @SubscribeMessage('auth') auth(client: WebSocket, { token }: { token: string }) { return keycloak.renew(client, token); } }
   */
  renew(client: object, token: string): Promise<Principal<C>> {
    return this.#gateways.renew(client, token) as Promise<Principal<C>>;
  }

  /**
   * Middleware for the server of Socket.IO: guards the handshake, as `connect` guards a connection, and refuses with
   * `connect_error`. The event `auth` with a new token goes on with it, and is acknowledged with `{ ok }`.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   * @example
   * class Chat { afterInit(server: Server) { server.use(keycloak.socket({ realmRole: 'user' })); } }
   */
  socket(requirements: Requirements<C> = {}): SocketIoMiddleware {
    return this.#gateways.socket(requirements as Requirements);
  }

  /**
   * Answers what `session`, `backchannelLogout`, `protectedResource` and `mcp` are for, and learns of WebSockets; before the app
   * has its routes.
   */
  mount(platform: HttpServer): void {
    for (const routes of this.#routes) mountRoutes(platform, this.#door, routes);
    if (this.#mcp !== undefined) mountMcp(platform, this.#door, this.#mcp);
    hearOfHandshakes(platform, this.#handshakes);
  }

  /**
   * The access token of the caller, for a call of another API on their behalf: the bearer token as it came, or that of the
   * session, renewed when it is about to expire. `null`: nobody is there.
   *
   * @param request Express's or Fastify's
   * @throws {AuthError} rejects with what a guard would refuse
   */
  accessToken(request: KeycloakRequest): Promise<string | null> {
    return this.#door.accessToken(toHttpCall(undefined, request, undefined));
  }

  /** Begins to load the keys of the realm, so that no request has to wait for them. */
  load(): void {
    this.#door.load();
  }

  /** Ends every timer. */
  close(): Promise<void> {
    return this.#door.close();
  }
}

function toRoutes(
  door: Pick<Door<Call, Call>, 'openSessions' | 'messages' | 'protectedResource'>,
  { session, backchannelLogout = false, protectedResource }: NestOptions,
  mcp: ResolvedMcpOptions | undefined,
): Routes<Call>[] {
  const messages = backchannelLogout === true ? {} : backchannelLogout;
  return [
    ...(session === undefined ? [] : [door.openSessions(toCallSession(session))]),
    ...(messages === false ? [] : [door.messages(toCallMessages(messages))]),
    ...(protectedResource === undefined ? [] : [door.protectedResource(protectedResource)]),
    ...(mcp === undefined ? [] : [door.protectedResource(mcp.resource, mcp.challenged)]),
  ];
}
