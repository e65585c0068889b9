import {
  type Claims,
  has,
  isAuthError,
  type Principal,
  type RequiredSignIn,
  type Requirements,
  type TokenVerifier,
  type VerifierOptions,
} from '../core/index.ts';
import {
  type Answer,
  createGate,
  createKeycloakMessages,
  createStandardErrorLog,
  type Gate,
  type GuardOptions,
  type Log,
  type RequestLike,
  toRefusalAnswer,
} from '../core/internal.ts';
import type { SessionRequest, Sessions } from '../session/index.ts';
import { type BackchannelLogoutOptions, toMessageRoutes } from './message-routes.ts';
import { type KeycloakOptions, resolveAdapterOptions } from './options.ts';
import type { Routes } from './routes.ts';
import { openSessions, type SessionSettings, toSessionRoutes } from './session-routes.ts';
import { tell } from './tell.ts';

/** What a framework's adapter brings along: how its requests are read, and its answers written. */
export interface DoorHost<Incoming, Outgoing> {
  /** Name of the factory, for errors in its options. */
  readonly factory: string;
  /** Read on every request: no more than is needed for a token. */
  toRequest(request: Incoming): RequestLike;
  /** Read where there is a session, a refusal or a message. */
  toWire(request: Incoming): Omit<SessionRequest<Incoming>, 'log' | 'source'>;
  /** Headers that belong into the answer, whatever it is. */
  addToAnswer(outgoing: Outgoing, extra: Pick<Answer, 'headers' | 'setCookies'>): void;
  /** The logger of a request, where the framework has one. */
  logOf?(request: Incoming): Log | undefined;
}

/** The engine behind an adapter: everything but the framework. */
export interface Door<Incoming, Outgoing, C extends object = Claims> {
  readonly verifier: TokenVerifier<C>;
  /** @throws {OptionsError} for a requirement that is misspelt or empty */
  gate(requirements?: GuardOptions): Gate<Incoming, Outgoing>;
  /** What is answered to a request that was refused; `undefined` where the error is a fault, and not ours to answer. */
  refusalOf(error: unknown, request: Incoming): Answer | undefined;
  /** Turns browser sessions on, once. @throws {OptionsError} */
  openSessions(settings: SessionSettings<Incoming>): Routes<Incoming>;
  /** Where Keycloak sends its messages. @throws {OptionsError} */
  messages(options?: BackchannelLogoutOptions<Incoming>): Routes<Incoming>;
  has(principal: Principal<C> | null | undefined, requirements: Requirements<C>): boolean;
  load(): Promise<void>;
  close(): Promise<void>;
}

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function createDoor<Incoming, Outgoing, C extends object = Claims>(
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

  return {
    verifier,
    gate: (requirements = {}) =>
      createGate<Incoming, Outgoing>(verifier as unknown as TokenVerifier, requirements, {
        toRequest: host.toRequest,
        sessionOf: () => (sessions === undefined ? undefined : authenticator),
        originOf: (request) => host.toWire(request).origin,
        setHeader: (outgoing, name, value) =>
          host.addToAnswer(outgoing, { headers: { [name]: value }, setCookies: [] }),
        ...(onDenied && {
          onDenied: (request, error, principal) =>
            tell(logOf(request), 'onDenied', () => onDenied(request, error, principal)),
        }),
      }),
    refusalOf(error, request) {
      if (!isAuthError(error)) return undefined;
      const invitation = error.code === 'missing_token' ? sessions?.inviteToLogin(toWire(request)) : null;
      return invitation ?? toRefusalAnswer(error, explain);
    },
    openSessions(settings) {
      if (sessions !== undefined) throw new Error(`${host.factory}: sessions were opened before`);
      sessions = openSessions(
        verifier as unknown as TokenVerifier,
        'verifier' in options ? {} : (options as KeycloakOptions<Incoming> & VerifierOptions),
        settings,
      );
      return toSessionRoutes(sessions, toWire);
    },
    messages: (given = {}) =>
      toMessageRoutes(createKeycloakMessages(verifier.members as never), given, logOf),
    has: (principal, requirements) => has(principal, requirements, verifier.clientId),
    load: () => verifier.load(),
    async close() {
      await sessions?.close();
      if (isOwn) await verifier.close();
    },
  };
}
