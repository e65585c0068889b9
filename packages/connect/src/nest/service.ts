import type { IncomingMessage } from 'node:http';
import type { ExecutionContext, HttpServer } from '@nestjs/common';
import {
  AuthError,
  type Claims,
  isAuthError,
  type Log,
  type Principal,
  type RequestLike,
  readBearerToken,
} from 'keycloak-guard';
import {
  assertSameOrigin,
  authorizationOf,
  isHarmless,
  isThenable,
  NO_REALM,
  type RequestGuard,
  toRefusalAnswer,
} from 'keycloak-guard/unstable/connect';
import {
  type Call,
  type CallNote,
  type CallReader,
  type ConnectionGuard,
  createCallReader,
  createGatewayConnections,
  createNestLog,
  findNote,
  type GatewayConnections,
  isStreaming,
  kindOf,
  listenToHandshakes,
  noteOf,
  refuse,
  refuseUnknown,
  UnknownContextError,
} from 'keycloak-guard/unstable/nest';
import {
  type KeycloakConnectOptions,
  type NestKeycloakConfig,
  readSettings,
  type Settings,
} from './options.ts';
import {
  createForApplication,
  createTenants,
  type ForApplication,
  type Tenant,
  type Tenants,
} from './tenants.ts';

/** A caller, and the realm that knows them. */
export interface Caller {
  readonly call: Call;
  readonly tenant: Tenant;
  readonly principal: Principal;
  readonly token: string;
}

/** The guards leave this of each call of a handler. */
export interface ConnectNote extends CallNote {
  /** The access token. */
  token?: string;
  /** Scopes that Keycloak granted. */
  scopes?: readonly string[];
}

/** Members that nest-keycloak-connect sets on a request, by the same names. */
export interface ConnectRequest {
  principal?: Principal;
  /** A copy of the token's claims. */
  user?: Claims;
  /** The access token; its name in 2.0. */
  accessToken?: string;
  /** The same, by its name in 1.x. */
  accessTokenJWT?: string;
  scopes?: readonly string[];
}

/** Objects that a service gave to the application, which makes guards with them. */
const services = new WeakMap<object, KeycloakConnectService>();

/**
 * The service behind the arguments of a guard: itself, or one of the objects that the module provides for
 * nest-keycloak-connect's injection tokens.
 *
 * @throws {TypeError} if none of them belongs to a service
 */
export function serviceOf(injected: readonly unknown[]): KeycloakConnectService {
  for (const one of injected) {
    if (one instanceof KeycloakConnectService) return one;
    const service = services.get(Object(one) as object);
    if (service !== undefined) return service;
  }
  throw new TypeError(
    'A guard of @keycloak-guard/connect/nest needs KeycloakConnectService, or what KEYCLOAK_INSTANCE or KEYCLOAK_CONNECT_OPTIONS inject',
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
  readonly #signedIn: RequestGuard<Call, Call>;
  readonly #gateways: Pick<GatewayConnections, 'follow'>;
  /** Opens connections of callers with a valid token. */
  readonly #connections: ConnectionGuard<Call>;
  readonly #log: Log;
  readonly #reader: CallReader;
  readonly #forApplication: ForApplication;
  /** Three guards get the same context: its caller is looked up once. */
  readonly #callers = new WeakMap<ExecutionContext, Promise<Caller>>();

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
    const { engine } = this.#tenants;
    const { handshakes, toCall } = this.#reader;
    this.#signedIn = engine.guard({});
    this.#connections = engine.connections.guard({});
    this.#gateways = createGatewayConnections(engine, handshakes, toCall, this.#log);
    this.#forApplication = createForApplication(this.#settings);
    for (const one of Object.values(this.#forApplication)) if (one !== null) services.set(one, this);
  }

  /** The objects behind nest-keycloak-connect's injection tokens. */
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
    const caller = await this.#find(context, call).catch((error) => this.refuse(error, context, call));
    if (kindOf(context) === 'ws') this.#gateways.follow(context, caller.call);
    if (isStreaming(context.getHandler())) noteOf(context).open ??= () => this.#connections.open(caller.call);
    return caller;
  }

  /**
   * The caller; `null` without a valid token.
   *
   * @param isStrict whether a token that is not valid is refused, as `authenticate` does
   */
  async identify(context: ExecutionContext, isStrict = false): Promise<Caller | null> {
    try {
      return await this.#find(context, this.#reader.toCall(context));
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
    listenToHandshakes(platform, this.#reader.handshakes);
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
    this.#tenants.engine.load();
  }

  /** Ends every timer. `KeycloakConnectModule` calls it at shutdown. */
  close(): Promise<void> {
    return this.#tenants.engine.close();
  }

  #find(context: ExecutionContext, call: Call): Promise<Caller> {
    const before = this.#callers.get(context);
    if (before !== undefined) return before;
    const caller = this.#lookUp(context, call);
    this.#callers.set(context, caller);
    return caller;
  }

  async #lookUp(context: ExecutionContext, received: Call): Promise<Caller> {
    try {
      const call = { ...received, credentials: this.#credentialsOf(received) };
      const token = readBearerToken(call.credentials);
      await this.#tenants.resolve(call);
      const decided = this.#signedIn.decide(call, call);
      const principal = (isThenable(decided) ? await decided : decided) as Principal;
      const tenant = this.#tenants.of(principal);
      const note: ConnectNote = noteOf(context);
      Object.assign(note, { principal, token });
      leaveOnRequest(context, call, principal, token);
      return { call, tenant, principal, token };
    } catch (error) {
      // As nest-keycloak-connect answers for a realm that is none.
      if (!isAuthError(error)) throw error;
      const isNone =
        error.code === 'tenant_unknown' || (error.seen === NO_REALM && this.#settings.multiTenant);
      throw isNone ? new AuthError('token_issuer', error.reason) : error;
    }
  }

  /** The `Authorization` header, or else the cookie, which a page of another site can make a browser send. */
  #credentialsOf(call: Call): RequestLike {
    const { cookies } = (call.request ?? {}) as { cookies?: Readonly<Record<string, unknown>> };
    const cookie = cookies?.[this.#settings.cookieKey];
    if (typeof cookie !== 'string' || cookie === '' || authorizationOf(call.credentials) !== undefined)
      return call.credentials;
    const request = call.toSessionRequest();
    if (!isHarmless(request)) assertSameOrigin(request, request.origin ?? '');
    return { headers: { authorization: `Bearer ${cookie}` } };
  }
}

/**
 * Where nest-keycloak-connect has them: whoever reads `user` there gets what the request's own token says, which is the same for
 * all fields of an operation. Messages get nothing: their connection may be of several users.
 */
function leaveOnRequest(context: ExecutionContext, call: Call, principal: Principal, token: string): void {
  const request = call.request as ConnectRequest | undefined;
  const kind = kindOf(context);
  if (request === undefined || kind === 'ws') return;
  Object.assign(request, { user: { ...principal.claims }, accessToken: token, accessTokenJWT: token });
  if (kind === 'http') request.principal = principal;
}

/** The values for a handler's parameters. A route has those of its request, to which the application may have added. */
export function membersOf(context: ExecutionContext): ConnectRequest | undefined {
  if (kindOf(context) === 'http') return context.getArgByIndex<ConnectRequest | undefined>(0);
  const { principal, token, scopes } = (findNote(context) ?? {}) as ConnectNote;
  if (principal === undefined || token === undefined) return undefined;
  return { user: { ...principal.claims }, accessToken: token, ...(scopes && { scopes }) };
}

const REFUSALS = {
  refusalOf: (error: unknown) => (isAuthError(error) ? toRefusalAnswer(error) : undefined),
};
