import {
  type AppClaims,
  type AuthError,
  has,
  isAuthError,
  type Principal,
  type RequiredSignIn,
  type Requirements,
  readBearerToken,
  type TokenVerifier,
  type VerifierOptions,
} from '../../core/index.ts';
import {
  type Answer,
  authorizationOf,
  createGate,
  createKeycloakMessages,
  createStandardErrorLog,
  type Gate,
  type GateHost,
  type GuardOptions,
  isForSession,
  type Log,
  type RequestLike,
  toRefusalAnswer,
} from '../../core/internal.ts';
import type { SessionRequest, Sessions } from '../../session/index.ts';
import { type Connections, createConnections } from './connections.ts';
import { type BackchannelLogoutOptions, toMessageRoutes } from './message-routes.ts';
import { type KeycloakOptions, resolveAdapterOptions } from './options.ts';
import { createPermits, type Permits, type PermitsHost } from './permits.ts';
import {
  createProtectedResources,
  type ProtectedResourceOptions,
  toResourceRoutes,
} from './protected-resource.ts';
import type { Routes } from './routes.ts';
import { openSessions, type SessionSettings, toSessionRoutes } from './session-routes.ts';
import { tell } from './tell.ts';

/** What a framework's adapter brings along: how its requests are read, and its answers written. */
export interface DoorHost<Incoming, Outgoing> extends Pick<PermitsHost<Incoming>, 'factory' | 'toAsked'> {
  /** Read on every request: no more than is needed for a token. */
  toRequest(request: Incoming): RequestLike;
  /** Read where there is a session, a refusal or a message. */
  toWire(request: Incoming): Omit<SessionRequest<Incoming>, 'log' | 'source'>;
  /** Headers that belong into the answer, whatever it is. */
  addToAnswer(outgoing: Outgoing, extra: Pick<Answer, 'headers' | 'setCookies'>): void;
  /** The logger of a request, where the framework has one. */
  logOf?(request: Incoming): Log | undefined;
}

/** The engine of an adapter: everything but the framework. */
export interface Door<Incoming, Outgoing, C extends object = AppClaims> {
  readonly verifier: TokenVerifier<C>;
  /** Where lines go that belong to no request. */
  readonly log: Log;
  /** @throws {OptionsError} for a requirement that is misspelt or empty */
  gate(requirements?: GuardOptions): Gate<Incoming, Outgoing>;
  /** A gate without requirements that takes tokens alone, and no session cookies. */
  statelessGate(): Gate<Incoming, Outgoing>;
  toRequest(request: Incoming): RequestLike;
  /** Headers that belong into the answer, whatever it is. */
  addToAnswer: DoorHost<Incoming, Outgoing>['addToAnswer'];
  /** Time now. Unit: milliseconds since 1970. */
  readonly clock: () => number;
  /** On to the login, where a page is asked for and nobody is signed in; `undefined` for everything else. */
  inviteToLogin(error: unknown, request: Incoming): Answer | undefined;
  /** The answer to a request that was refused; `undefined` where the error is a fault, and not ours to answer. */
  refusalOf(error: unknown, request: Incoming): Answer | undefined;
  /** Turns browser sessions on, once. @throws {OptionsError} */
  openSessions(settings: SessionSettings<Incoming>): Routes<Incoming>;
  /** Says which resource this is, in its metadata and in every challenge. @throws {OptionsError} */
  protectedResource(options: ProtectedResourceOptions, challenged?: readonly string[]): Routes<Incoming>;
  /** Where Keycloak sends its messages. @throws {OptionsError} */
  messages(options?: BackchannelLogoutOptions<Incoming>): Routes<Incoming>;
  /**
   * The access token of the caller, for a call of another API on their behalf: the bearer token as it came, or that of the
   * session, renewed when it is about to expire. `null`: nobody is there.
   *
   * @throws {AuthError} rejects with what a guard would refuse the header for
   */
  accessToken(request: Incoming): Promise<string | null>;
  /** All connections that stay open. */
  readonly connections: Connections<Incoming>;
  /** Guards by permission. */
  readonly permits: Permits<Incoming>;
  has(principal: Principal<C> | null | undefined, requirements: Requirements<C>): boolean;
  /** Begins to load the keys; what goes wrong is logged. An API must start while Keycloak is down. */
  load(): void;
  close(): Promise<void>;
}

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function createDoor<Incoming, Outgoing, C extends object = AppClaims>(
  options: KeycloakOptions<Incoming, C>,
  host: DoorHost<Incoming, Outgoing>,
): Door<Incoming, Outgoing, C> {
  const { verifier, isOwn, onDenied, explain, log } = resolveAdapterOptions(host.factory, options);
  const fallback = log ?? createStandardErrorLog(host.factory);
  const logOf = (request: Incoming): Log => host.logOf?.(request) ?? fallback;
  const toWire = (request: Incoming): SessionRequest<Incoming> => ({
    ...host.toWire(request),
    log: logOf(request),
    source: request,
  });
  let sessions: Sessions<Incoming> | undefined;
  const resources = createProtectedResources();
  const resourceOf = (request: Incoming) => resources.find(host.toWire(request).url);

  function authenticate(request: Incoming, outgoing: Outgoing) {
    const found = (sessions as Sessions<Incoming>).authenticate(toWire(request));
    const take = ({ principal, ...extra }: Awaited<typeof found>): Principal | null => {
      if (extra.setCookies.length > 0) host.addToAnswer(outgoing, extra);
      return principal;
    };
    return found instanceof Promise ? found.then(take) : take(found);
  }
  const stepUp = (request: Incoming, signIn: RequiredSignIn) => sessions?.stepUp(toWire(request), signIn);
  const authenticator = Object.assign(authenticate, { stepUp });

  const denied = onDenied && {
    onDenied: (request: Incoming, error: AuthError, principal: Principal | null) =>
      tell(logOf(request), 'onDenied', () => onDenied(request, error, principal)),
  };
  const gateHost: GateHost<Incoming, Outgoing> = {
    toRequest: host.toRequest,
    resourceOf,
    originOf: (request) => host.toWire(request).origin,
    setHeader: (outgoing, name, value) =>
      host.addToAnswer(outgoing, { headers: { [name]: value }, setCookies: [] }),
    ...denied,
  };
  const connections = createConnections<Incoming>(verifier as unknown as TokenVerifier, {
    toRequest: host.toRequest,
    resourceOf,
    sessionOf: () =>
      sessions &&
      (async (request) =>
        (await (sessions as Sessions<Incoming>).authenticate(toWire(request), false)).principal),
    ...denied,
  });

  const permits = createPermits<Incoming>(
    verifier as unknown as TokenVerifier,
    'verifier' in options ? {} : (options as KeycloakOptions<Incoming> & VerifierOptions),
    { factory: host.factory, logOf, ...(host.toAsked && { toAsked: host.toAsked }), ...denied },
  );

  function inviteToLogin(error: unknown, request: Incoming): Answer | undefined {
    if (sessions === undefined || !isAuthError(error)) return undefined;
    if (error.code === 'step_up_redirect') return toRefusalAnswer(error);
    if (error.code !== 'missing_token') return undefined;
    return sessions.inviteToLogin(toWire(request)) ?? undefined;
  }

  return {
    verifier,
    log: fallback,
    connections,
    permits,
    gate: (requirements = {}) =>
      createGate<Incoming, Outgoing>(verifier as unknown as TokenVerifier, requirements, {
        ...gateHost,
        sessionOf: () => (sessions === undefined ? undefined : authenticator),
      }),
    statelessGate: () => createGate(verifier as unknown as TokenVerifier, {}, gateHost),
    toRequest: host.toRequest,
    addToAnswer: host.addToAnswer,
    clock: verifier.members[0]?.context?.options.clock ?? Date.now,
    inviteToLogin,
    refusalOf: (error, request) =>
      isAuthError(error) ? (inviteToLogin(error, request) ?? toRefusalAnswer(error, explain)) : undefined,
    openSessions(settings) {
      if (sessions !== undefined) throw new Error(`${host.factory}: sessions were opened before`);
      sessions = openSessions(
        verifier as unknown as TokenVerifier,
        'verifier' in options ? {} : (options as KeycloakOptions<Incoming> & VerifierOptions),
        settings,
      );
      return toSessionRoutes(sessions, toWire);
    },
    protectedResource: (given, challenged) =>
      toResourceRoutes(verifier as unknown as TokenVerifier, resources, given, challenged),
    messages: (given = {}) =>
      toMessageRoutes(createKeycloakMessages(verifier.members as never), given, logOf),
    async accessToken(request) {
      const wire = host.toRequest(request);
      if (sessions !== undefined && isForSession(wire)) return sessions.accessToken(toWire(request));
      return authorizationOf(wire) === undefined ? null : readBearerToken(wire);
    },
    has: (principal, requirements) => has(principal, requirements, verifier.clientId, verifier.signInRules),
    load() {
      // The application may bring a verifier of its own.
      Promise.resolve(verifier.load()).catch((err) => fallback.error({ err }, 'the verifier could not load'));
    },
    async close() {
      connections.close();
      await sessions?.close();
      if (isOwn) await verifier.close();
    },
  };
}
