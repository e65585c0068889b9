import type { IncomingMessage, Server } from 'node:http';
import type { ExecutionContext, HttpServer } from '@nestjs/common';
import {
  type BackchannelLogoutOptions,
  createDoor,
  type Door,
  type KeycloakOptions,
  type Routes,
} from '../adapter/internal.ts';
import type { Claims, Principal, Requirements, TokenVerifier } from '../core/index.ts';
import { createAdmission } from './admission.ts';
import type { Call, KeycloakRequest } from './call.ts';
import { mountRoutes } from './mount.ts';
import { createNestLog } from './nest-log.ts';
import { type KeycloakModuleOptions, type NestOptions, splitOptions } from './options.ts';
import { toCall } from './to-call.ts';
import { createHandshakes } from './ws-call.ts';

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
  readonly #handshakes = createHandshakes();
  /** Decides on a context, as `KeycloakGuard` does. @throws an exception of Nest's where it is refused */
  readonly admit: (context: ExecutionContext) => boolean | Promise<boolean>;

  /** @throws {OptionsError} naming every option that is missing, wrong or unknown */
  constructor(options: KeycloakModuleOptions<C>) {
    const { nest, rest } = splitOptions(options);
    const { tokenFrom = {} } = nest;
    const log = rest.log ?? createNestLog();
    this.#door = createDoor<Call, Call, C>(toDoorOptions({ ...rest, log }), {
      factory: 'KeycloakModule',
      toRequest: ({ credentials }) => credentials,
      toWire: (call) => call.toWire(),
      addToAnswer: (outgoing, extra) => outgoing.addToAnswer(extra),
    });
    this.#routes = toRoutes(this.#door, nest);
    this.admit = createAdmission(this.#door, (context) => toCall(context, tokenFrom, this.#handshakes), log);
  }

  get verifier(): TokenVerifier<C> {
    return this.#door.verifier;
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

  /** Answers what `session` and `backchannelLogout` are for, and learns of WebSockets; before the app has its routes. */
  mount(platform: HttpServer): void {
    mountRoutes(platform, this.#door, this.#routes);
    const server = platform.getHttpServer() as Server;
    server.prependListener('upgrade', (request: IncomingMessage, socket: object) =>
      this.#handshakes.remember(socket, request),
    );
  }

  /** Loads the keys of the realm, so that no request has to wait for them. */
  load(): Promise<void> {
    return this.#door.load();
  }

  /** Ends every timer. */
  close(): Promise<void> {
    return this.#door.close();
  }
}

/** Who listens to refusals is told of Nest's context. */
function toDoorOptions<C extends object>(
  options: KeycloakOptions<ExecutionContext, C>,
): KeycloakOptions<Call, C> {
  const { onDenied } = options;
  const told: KeycloakOptions<Call, C>['onDenied'] =
    onDenied && (({ context }, error, who) => onDenied(context as ExecutionContext, error, who));
  return { ...(options as object as KeycloakOptions<Call, C>), onDenied: told };
}

function toRoutes(
  door: Pick<Door<Call, Call>, 'openSessions' | 'messages'>,
  { session, backchannelLogout }: NestOptions,
): Routes<Call>[] {
  const routes: Routes<Call>[] = [];
  if (session !== undefined) {
    const { onEvent, ...rest } = session;
    routes.push(
      door.openSessions({
        ...rest,
        ...(onEvent && { onEvent: (event, call) => onEvent(event, call?.request ?? null) }),
      }),
    );
  }
  if (backchannelLogout !== undefined && backchannelLogout !== false) {
    const { onMessage, ...rest }: BackchannelLogoutOptions<KeycloakRequest> =
      backchannelLogout === true ? {} : backchannelLogout;
    routes.push(
      door.messages({
        ...rest,
        ...(onMessage && {
          onMessage: ({ request }, message) => onMessage(request as KeycloakRequest, message),
        }),
      }),
    );
  }
  return routes;
}
