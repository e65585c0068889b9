import type { IncomingMessage, Server } from 'node:http';
import type { ExecutionContext, HttpServer } from '@nestjs/common';
import { createDoor, type Door, type Permissions, type Routes } from '../adapter/internal.ts';
import type { Claims, Principal, Requirements, TokenVerifier } from '../core/index.ts';
import { type ResolvedMcpOptions, resolveMcpOptions } from '../mcp/index.ts';
import { createAdmission } from './admission.ts';
import type { Call, KeycloakRequest } from './call.ts';
import { toCallMessages, toCallOptions, toCallSession } from './for-calls.ts';
import { toHttpCall } from './http-call.ts';
import { mountRoutes } from './mount.ts';
import { mountMcp } from './mount-mcp.ts';
import { createNestLog } from './nest-log.ts';
import { type KeycloakModuleOptions, type NestOptions, splitOptions } from './options.ts';
import { toPathPermit } from './path-permit.ts';
import { createCallReader } from './to-call.ts';
import type { Handshakes } from './ws-call.ts';

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
    this.admit = createAdmission(
      this.#door,
      toCall,
      log,
      toPathPermit(this.#door.permits, nest.pathEnforcer),
    );
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

  /** Answers what `session`, `backchannelLogout`, `protectedResource` and `mcp` are for, and learns of WebSockets; before the app has its routes. */
  mount(platform: HttpServer): void {
    for (const routes of this.#routes) mountRoutes(platform, this.#door, routes);
    if (this.#mcp !== undefined) mountMcp(platform, this.#door, this.#mcp);
    const server = platform.getHttpServer() as Server;
    server.prependListener('upgrade', (request: IncomingMessage, socket: object) =>
      this.#handshakes.remember(socket, request),
    );
  }

  /**
   * The access token of whoever calls, for a call of another API on behalf of them: the bearer token as it came, or that of
   * the session, renewed when it is about to expire. `null`: nobody is there.
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
