import type { IncomingMessage } from 'node:http';
import type { ExecutionContext, HttpServer } from '@nestjs/common';
import { isAuthError, type Principal, readBearerToken } from '../core/index.ts';
import {
  authorizationOf,
  isThenable,
  type Log,
  type RequestLike,
  toRefusalAnswer,
} from '../core/internal.ts';
import {
  type Call,
  type CallReader,
  createCallReader,
  createNestLog,
  hearOfHandshakes,
  kindOf,
  refuse,
  refuseUnknown,
  UnknownContextError,
} from '../nest/internal.ts';
import { assertSameOrigin, isHarmless } from '../session/internal.ts';
import type { KeycloakConnectOptions, NestKeycloakConfig } from './options.ts';
import { readSettings, type Settings } from './settings.ts';
import { createTenants, type Tenant, type Tenants } from './tenants.ts';
import type { ConnectCarrier } from './user.ts';

/** Who is calling, and of which realm. */
export interface Caller {
  readonly call: Call;
  readonly tenant: Tenant;
  readonly principal: Principal;
  readonly token: string;
}

/** What the three guards share. */
export class KeycloakConnectService {
  readonly #settings: Settings;
  readonly #tenants: Tenants;
  readonly #log: Log;
  readonly #reader: CallReader;
  /** Three guards look at a request: it is decided on once. */
  readonly #callers = new WeakMap<object, Promise<Caller>>();

  /** @throws {OptionsError} naming every setting that is missing, or would open a hole */
  constructor(options: KeycloakConnectOptions, more?: NestKeycloakConfig) {
    this.#settings = readSettings(options, more);
    this.#log = createNestLog();
    this.#reader = createCallReader(this.#settings.tokenFrom);
    this.#tenants = createTenants(this.#settings, this.#log, this.#reader);
  }

  /** Whether a handler without resource and scopes is closed. */
  get isEnforcing(): boolean {
    return this.#settings.isEnforcing;
  }

  /** @throws an exception of Nest's (rejects with one) where nobody with a good token calls */
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
    if (kindOf(context) === 'ws') await this.#follow(caller);
    return caller;
  }

  /** Takes note of who calls where nobody has to be there; `null`: nobody is, or not with a good token. */
  async identify(context: ExecutionContext): Promise<Caller | null> {
    try {
      return await this.#find(this.#reader.toCall(context));
    } catch (error) {
      if (!isAuthError(error) && !(error instanceof UnknownContextError)) throw error;
      return null;
    }
  }

  /** Answers with an exception of Nest's, which it rejects with. */
  async refuse(error: unknown, context: ExecutionContext, call: Call): Promise<never> {
    return refuse(REFUSALS, error, context, call);
  }

  /** Learns of WebSockets, before the app has any. */
  mount(platform: HttpServer): void {
    hearOfHandshakes(platform, this.#reader.handshakes);
  }

  /**
   * Says which request a client of `ws` began with. Only a gateway on a port of its own needs it: call it in
   * `handleConnection(client, request)`.
   */
  handshake(client: object, request: IncomingMessage): void {
    this.#reader.handshakes.remember(client, request);
  }

  /** Begins to load the keys, and says which settings no longer do what they did. */
  load(): void {
    for (const warning of this.#settings.warnings) this.#log.warn({}, warning);
    this.#tenants.load();
  }

  /** Ends every timer. */
  close(): Promise<void> {
    return this.#tenants.close();
  }

  async #find(call: Call): Promise<Caller> {
    const carrier: ConnectCarrier = call.carrier;
    // Of an earlier message on the same connection.
    if (carrier.accessToken !== undefined) Object.assign(carrier, NOBODY);
    const asked = { ...call, credentials: this.#credentialsOf(call) };
    const token = readBearerToken(asked.credentials);
    const tenant = await this.#tenants.find(asked);
    const found = tenant.signedIn.decide(asked, asked);
    const principal = (isThenable(found) ? await found : found) as Principal;
    Object.assign(carrier, { principal, user: { ...principal.claims }, accessToken: token });
    return { call: asked, tenant, principal, token };
  }

  /** From now on the connection lasts no longer than whoever is on it may be there. */
  async #follow(found: Promise<Caller>): Promise<void> {
    const { call, tenant } = await found;
    tenant.gateways.follow(call);
  }

  /** The header, or the cookie where there is none. A page of another site can send the cookie, too. */
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
  scopes: undefined,
};

const REFUSALS = {
  refusalOf: (error: unknown) => (isAuthError(error) ? toRefusalAnswer(error) : undefined),
};
