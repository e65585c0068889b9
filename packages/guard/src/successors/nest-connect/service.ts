import type { IncomingMessage } from 'node:http';
import type { ExecutionContext, HttpServer } from '@nestjs/common';
import type { ConnectionGuard } from '../../adapters/engine/internal.ts';
import {
  type Call,
  type CallReader,
  createCallReader,
  createGatewayConnections,
  createNestLog,
  type GatewayConnections,
  hearOfHandshakes,
  isStreaming,
  kindOf,
  noteStream,
  refuse,
  refuseUnknown,
  UnknownContextError,
} from '../../adapters/nest/internal.ts';
import { AuthError, isAuthError, type Principal, readBearerToken } from '../../core/index.ts';
import {
  authorizationOf,
  type Gate,
  isThenable,
  type Log,
  type RequestLike,
  toRefusalAnswer,
} from '../../core/internal.ts';
import { assertSameOrigin, isHarmless } from '../../session/internal.ts';
import { createForApplication, type ForApplication } from './for-application.ts';
import type { KeycloakConnectOptions, NestKeycloakConfig } from './options.ts';
import { readSettings, type Settings } from './settings.ts';
import { createTenants, type Tenant, type Tenants } from './tenants.ts';
import type { ConnectCarrier } from './user.ts';

/** A caller, and the realm that knows them. */
export interface Caller {
  readonly call: Call;
  readonly tenant: Tenant;
  readonly principal: Principal;
  readonly token: string;
}

/** Objects that a service gave to the application, which makes guards with them. */
const services = new WeakMap<object, KeycloakConnectService>();

/**
 * The service behind the arguments of a guard: itself, or one of the objects that the module provides for
 * nest-keycloak-connect's injection tokens.
 *
 * @throws {TypeError} if none of them belongs to a service
 */
export function serviceOf(given: readonly unknown[]): KeycloakConnectService {
  for (const one of given) {
    if (one instanceof KeycloakConnectService) return one;
    const found = services.get(Object(one) as object);
    if (found !== undefined) return found;
  }
  throw new TypeError(
    'A guard of keycloak-guard/nest/connect needs KeycloakConnectService, or what KEYCLOAK_INSTANCE or KEYCLOAK_CONNECT_OPTIONS inject',
  );
}

/**
 * The service that the three guards share. `KeycloakConnectModule` provides it.
 *
 * @example
 * const keycloak = new KeycloakConnectService({ authServerUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 */
export class KeycloakConnectService {
  readonly #settings: Settings;
  readonly #tenants: Tenants;
  /** Admits every caller with a valid token. */
  readonly #signedIn: Gate<Call, Call>;
  readonly #gateways: Pick<GatewayConnections, 'follow'>;
  /** Opens connections of callers with a valid token. */
  readonly #connections: ConnectionGuard<Call>;
  readonly #log: Log;
  readonly #reader: CallReader;
  readonly #forApplication: ForApplication;
  /** Three guards see the same request: its caller is looked up once. */
  readonly #callers = new WeakMap<object, Promise<Caller>>();

  /**
   * @param options the settings, or the path of a `keycloak.json`
   * @param more settings that the file does not have
   * @throws {OptionsError} naming every setting that is missing or unsafe
   */
  constructor(options: KeycloakConnectOptions, more?: NestKeycloakConfig) {
    this.#settings = readSettings(options, more);
    this.#log = createNestLog();
    this.#reader = createCallReader(this.#settings.tokenFrom);
    this.#tenants = createTenants(this.#settings, this.#log);
    const { door } = this.#tenants;
    const { handshakes, toCall } = this.#reader;
    this.#signedIn = door.gate({});
    this.#connections = door.connections.guard({});
    this.#gateways = createGatewayConnections(door, handshakes, toCall, this.#log);
    this.#forApplication = createForApplication(this.#settings);
    for (const one of Object.values(this.#forApplication)) if (one !== null) services.set(one, this);
  }

  /** What nest-keycloak-connect's injection tokens stand for. */
  get forApplication(): ForApplication {
    return this.#forApplication;
  }

  /** Whether a handler without resource or scopes refuses everybody. */
  get isEnforcing(): boolean {
    return this.#settings.isEnforcing;
  }

  /** The caller. @throws one of Nest's exceptions (rejects with one) if the caller has no valid token */
  async authenticate(context: ExecutionContext): Promise<Caller> {
    let call: Call;
    try {
      call = this.#reader.toCall(context);
    } catch (error) {
      return refuseUnknown(error, context, this.#log);
    }
    const isKept = kindOf(context) === 'http';
    const before = isKept ? this.#callers.get(call.carrier) : undefined;
    if (before !== undefined) return before;
    const caller = this.#find(call).catch((error) => this.refuse(error, context, call));
    if (isKept) this.#callers.set(call.carrier, caller);
    if (kindOf(context) === 'ws') this.#gateways.follow((await caller).call);
    if (isStreaming(context.getHandler())) noteStream(context, (await caller).call, this.#connections);
    return caller;
  }

  /**
   * The caller; `null` without a valid token.
   *
   * @param isStrict whether a token that is not valid is refused, as `authenticate` does
   */
  async identify(context: ExecutionContext, isStrict = false): Promise<Caller | null> {
    try {
      return await this.#find(this.#reader.toCall(context));
    } catch (error) {
      if (!isAuthError(error) && !(error instanceof UnknownContextError)) throw error;
      const isBad = isAuthError(error) && error.code !== 'missing_token';
      return isStrict && isBad ? this.authenticate(context) : null;
    }
  }

  /** Rejects with the exception of Nest's that fits an error. */
  async refuse(error: unknown, context: ExecutionContext, call: Call): Promise<never> {
    return refuse(REFUSALS, error, context, call);
  }

  /** Learns of WebSocket handshakes. `KeycloakConnectModule` calls it before the app has any. */
  mount(platform: HttpServer): void {
    hearOfHandshakes(platform, this.#reader.handshakes);
  }

  /**
   * Remembers the request that a `ws` client connected with. Only a gateway on its own port needs this.
   *
   * @example
   * class Chat { handleConnection(client: WebSocket, request: IncomingMessage) { keycloak.handshake(client, request); } }
   */
  handshake(client: object, request: IncomingMessage): void {
    this.#reader.handshakes.remember(client, request);
  }

  /** Starts to load the realm's keys, and warns of settings that have no effect any more. `KeycloakConnectModule` calls it. */
  load(): void {
    for (const warning of this.#settings.warnings) this.#log.warn({}, warning);
    this.#tenants.door.load();
  }

  /** Ends every timer. `KeycloakConnectModule` calls it at shutdown. */
  close(): Promise<void> {
    return this.#tenants.door.close();
  }

  async #find(call: Call): Promise<Caller> {
    const carrier: ConnectCarrier = call.carrier;
    try {
      const asked = { ...call, credentials: this.#credentialsOf(call) };
      const token = readBearerToken(asked.credentials);
      await this.#tenants.resolve(asked);
      const found = this.#signedIn.decide(asked, asked);
      const principal = (isThenable(found) ? await found : found) as Principal;
      const tenant = this.#tenants.of(asked);
      // All at once: another message on the connection, already admitted, may be about to read them.
      const left = carrier.accessToken === undefined ? {} : NOBODY;
      const user = { ...principal.claims };
      Object.assign(carrier, { ...left, principal, user, accessToken: token, accessTokenJWT: token });
      return { call: asked, tenant, principal, token };
    } catch (error) {
      // Left there by an earlier message on the same connection.
      if (carrier.accessToken !== undefined) Object.assign(carrier, NOBODY);
      // As nest-keycloak-connect answers for a realm that is none.
      if (isAuthError(error) && error.code === 'tenant_unknown')
        throw new AuthError('token_issuer', error.reason);
      throw error;
    }
  }

  /** The `Authorization` header, or else the cookie, which a page of another site can make a browser send. */
  #credentialsOf(call: Call): RequestLike {
    const { cookies } = (call.request ?? {}) as { cookies?: Readonly<Record<string, unknown>> };
    const cookie = cookies?.[this.#settings.cookieKey];
    if (typeof cookie !== 'string' || cookie === '' || authorizationOf(call.credentials) !== undefined) {
      return call.credentials;
    }
    const wire = call.toWire();
    if (!isHarmless(wire)) assertSameOrigin(wire, wire.origin ?? '');
    return { headers: { authorization: `Bearer ${cookie}` } };
  }
}

const NOBODY: Partial<Record<keyof ConnectCarrier, undefined>> = {
  principal: undefined,
  user: undefined,
  accessToken: undefined,
  accessTokenJWT: undefined,
  scopes: undefined,
};

const REFUSALS = {
  refusalOf: (error: unknown) => (isAuthError(error) ? toRefusalAnswer(error) : undefined),
};
