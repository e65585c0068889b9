import {
  type AppClaims,
  type AuthError,
  has,
  isAuthError,
  type Log,
  type Principal,
  type Requirements,
  readBearerToken,
  type TokenVerifier,
} from '../../core/index.ts';
import {
  type Answer,
  authorizationOf,
  createGate,
  createKeycloakMessages,
  createStandardErrorLog,
  type Gate,
  type GateHost,
  hasSeveralHosts,
  isForSession,
  makerOf,
  type RequestLike,
  toRefusalAnswer,
} from '../../core/internal.ts';
import type { SessionRequest, Sessions } from '../../session/index.ts';
import { type Connections, createConnections } from './connections.ts';
import { type BackchannelLogoutOptions, tell, toMessageRoutes } from './messages.ts';
import { createOpenSessions, type OpenSessions, type SessionSettings } from './open-sessions.ts';
import type { ClientSettings, ResolvedAdapter } from './options.ts';
import type { Permits } from './permit-gate.ts';
import {
  createProtectedResources,
  type DescribedResource,
  describeResource,
  type ProtectedResourceOptions,
} from './protected-resource.ts';
import { openRealms, type Realms, toResourceHost, toTenantOf } from './realms.ts';
import { createRefusalLog } from './refusals.ts';
import { type Asking, type AskingHost, findAsking, readRequirements } from './requirements.ts';
import { pathOf, type Routes } from './routes.ts';
import { createSecurityEvents, type SecurityEvents } from './security-events.ts';

/** What an adapter adds to the engine: how to read its requests and to write its answers. */
export interface DoorHost<Incoming, Outgoing> {
  /** Name of the factory, for errors. */
  readonly factory: string;
  /** Called for every request: reads no more than a token needs. */
  toRequest(request: Incoming): RequestLike;
  /** Called for sessions, refusals and messages. */
  toWire(request: Incoming): Omit<SessionRequest<Incoming>, 'log' | 'source'>;
  /** Adds headers to the answer, which does not exist yet. */
  addToAnswer(outgoing: Outgoing, extra: Pick<Answer, 'headers' | 'setCookies'>): void;
  /** What the application's own functions are called with. Default: the request. */
  toAsked?(request: Incoming): unknown;
  /** Further arguments for functions of requirements. */
  toAskedMore?(request: Incoming): readonly unknown[];
  /** The parameters of the route that a request was routed to, decoded once. Left out: the framework has no router. */
  paramsOf?(request: Incoming): unknown;
  /** The logger of a request, in frameworks that have one. */
  logOf?(request: Incoming): Log | undefined;
  /** The client's address, for an audit log. */
  addressOf?(request: Incoming): string | undefined;
  /** Whether refusals are logged at level `debug` by default. */
  readonly debugsRefusals?: boolean;
  /** The sessions of a request, in frameworks that keep them by scope. Default: those of `useSessions`. */
  sessionsOf?(request: Incoming): OpenSessions<Incoming, Outgoing> | undefined;
}

/** The engine of an adapter: everything but the framework. It loads neither sessions nor permissions. */
export interface Engine<Incoming, Outgoing, C extends object = AppClaims>
  extends Pick<Realms<Incoming>, 'clock' | 'notify' | 'tenants' | 'verifierOf'>,
    Pick<DoorHost<Incoming, Outgoing>, 'addToAnswer' | 'addressOf' | 'toRequest'> {
  readonly verifier: TokenVerifier<C>;
  /** Which client this application is, as far as its options say. A function, because there is a secret in it. */
  clientSettings(): ClientSettings;
  /** The log for lines that belong to no request. */
  readonly log: Log;
  readonly factory: string;
  logOf(request: Incoming): Log;
  /**
   * @param isOpen whether a request may pass that would be refused
   * @throws {OptionsError} for a misspelt or empty requirement, and for `undefined`
   */
  gate(requirements: Asking<never>, isOpen?: (request: Incoming) => boolean): Gate<Incoming, Outgoing>;
  /**
   * A gate without requirements that takes tokens alone, and no session cookies.
   *
   * @param resourceOf the resource that challenges name. Default: the one that the request's path belongs to
   */
  statelessGate(resourceOf?: GateHost<Incoming, Outgoing>['resourceOf']): Gate<Incoming, Outgoing>;
  toAsked(request: Incoming): unknown;
  /**
   * Refuses a request for a reason that was found outside of a gate, as a gate does: with its challenge, log line and
   * listeners.
   *
   * @throws {AuthError} the refusal; or `error` itself if it is a fault
   */
  refuse(request: Incoming, error: unknown, principal?: Principal | null): never;
  /** Tells the observers who got access, was refused, or lost access; `undefined` if none listens. */
  readonly securityEvents: SecurityEvents<Incoming> | undefined;
  /** Calls a listener of the application, whose errors are only logged. */
  tell(request: Incoming, name: string, listener: () => unknown): void;
  /** The redirect to the login if a browser asks for a page without being signed in; else `undefined`. */
  inviteToLogin(error: unknown, request: Incoming): Answer | undefined;
  /** The answer to a refused request; `undefined` for any other error. */
  refusalOf(error: unknown, request: Incoming): Answer | undefined;
  /** Translates requests for sessions. */
  toOpenSessions(sessions: Sessions<Incoming>): OpenSessions<Incoming, Outgoing>;
  /** Turns browser sessions on, once. */
  useSessions(sessions: Sessions<Incoming>): Routes<Incoming>;
  /** Says which resource this is, in its metadata and in every challenge. @throws {OptionsError} */
  protectedResource(options: ProtectedResourceOptions): Routes<Incoming>;
  /** The metadata of a resource that one guard alone names. @throws {OptionsError} */
  describeResource(options: ProtectedResourceOptions): DescribedResource<Incoming>;
  /** See {@link toTenantOf}. */
  readonly tenantOf: ReturnType<typeof toTenantOf<Incoming>>;
  /** The routes for Keycloak's messages. @throws {OptionsError} */
  messages(options?: BackchannelLogoutOptions<Incoming>): Routes<Incoming>;
  /** See `Keycloak.accessToken`. @throws {AuthError} rejects with the error that a guard would refuse the header with */
  accessToken(request: Incoming): Promise<string | null>;
  /** All connections that stay open. */
  readonly connections: Connections<Incoming>;
  has(principal: Principal<C> | null | undefined, requirements: Requirements<C>): boolean;
  /** Begins to load the keys, and logs an error. The API starts while Keycloak is down. */
  load(): void;
  close(): Promise<void>;
}

/** An engine that can turn sessions and permissions on. */
export interface Door<Incoming, Outgoing, C extends object = AppClaims>
  extends Engine<Incoming, Outgoing, C> {
  /** Turns browser sessions on, once. @throws {OptionsError} */
  openSessions(settings: SessionSettings<Incoming>): Routes<Incoming>;
  /** Guards by permission. */
  readonly permits: Permits<Incoming>;
}

/** Makes the engine of an adapter, from options that were checked. */
export function createEngine<Incoming, Outgoing, C extends object = AppClaims>(
  resolved: ResolvedAdapter<Incoming, C>,
  given: DoorHost<Incoming, Outgoing>,
): Engine<Incoming, Outgoing, C> {
  const host = withOneHost(given);
  const { isOwn, onDenied, explain, logRefusals, client } = resolved;
  const { factory, toRequest, addToAnswer } = host;
  const toAsked = host.toAsked ?? ((request: Incoming): unknown => request);
  const realms = openRealms(resolved, { toRequest, toWire: host.toWire, toAsked });
  const { verifier, base, verifierOf, tenants, clock, notify } = realms;
  const fallback = resolved.log ?? createStandardErrorLog(factory);
  const logOf = (request: Incoming): Log => host.logOf?.(request) ?? fallback;
  const toWire = (request: Incoming): SessionRequest<Incoming> => ({
    ...host.toWire(request),
    log: logOf(request),
    source: request,
  });
  const resources = createProtectedResources();
  const resourceOf = (request: Incoming) => resources.find(host.toWire(request).url);
  let sessions: OpenSessions<Incoming, Outgoing> | undefined;
  const sessionsOf = host.sessionsOf ?? (() => sessions);
  /** The callers of requests that were refused. */
  const refused = new WeakMap<object, Principal>();

  const logRefusal = createRefusalLog<Incoming>({
    ...{ logRefusals, explain, hasListener: onDenied !== undefined },
    debugByDefault: host.debugsRefusals === true,
    loggerOf: (request) => host.logOf?.(request) ?? resolved.log,
    toWire: host.toWire,
  });
  const tellOf = (request: Incoming, name: string, listener: () => unknown) =>
    tell(logOf(request), name, listener);
  const securityEvents = createSecurityEvents<Incoming>([...verifier.members, ...(client.observers ?? [])], {
    ...host,
    ...(tenants && { tenantOf: tenants.knownNameOf }),
  });
  function tellDenied(
    request: Incoming,
    error: AuthError,
    principal: Principal | null,
    judged?: string,
  ): void {
    securityEvents?.denied(request, error, principal, judged);
    if (principal !== null && sessionsOf(request) !== undefined) refused.set(request as object, principal);
    // Who is sent to the login was not refused.
    if (logRefusal !== undefined && inviteToLogin(error, request) === undefined)
      tellOf(request, 'logRefusals', () => logRefusal(request, error));
    if (onDenied !== undefined) tellOf(request, 'onDenied', () => onDenied(request, error, principal));
  }

  const gateHost: GateHost<Incoming, Outgoing> = {
    toRequest,
    ...(tenants && { verifierOf: (request) => verifierOf(request) }),
    resourceOf,
    originOf: (request) => host.toWire(request).origin,
    setHeader: (outgoing, name, value) =>
      addToAnswer(outgoing, { headers: { [name]: value }, setCookies: [] }),
    onDenied: tellDenied,
    ...(securityEvents && { onAdmitted: securityEvents.admitted }),
  };
  const asking: AskingHost<Incoming> = {
    verifier: base,
    toAsked: (request) => [toAsked(request), ...(host.toAskedMore?.(request) ?? [])],
    paramsOf: host.paramsOf,
    nameOf(request) {
      const { method = '', url } = host.toWire(request);
      return `${method} ${pathOf(url)}`;
    },
  };
  const resourceHost = toResourceHost(realms, host.toWire);
  const connections = createConnections<Incoming>(realms, {
    asking,
    toRequest,
    resourceOf,
    sessionOf: (request) => sessionsOf(request)?.watch,
    onDenied: tellDenied,
  });

  const toOpenSessions = (opened: Sessions<Incoming>) => createOpenSessions(opened, toWire, addToAnswer);

  /** A person who is signed in and may not see a page sees why, and a way out. */
  function refusalPage(error: AuthError, request: Incoming, answer: Answer): Answer | undefined {
    const principal = error.statusCode === 403 ? refused.get(request as object) : undefined;
    return (
      principal && sessionsOf(request)?.refusalPage(request, { answer, detail: error.detail, principal })
    );
  }

  function inviteToLogin(error: unknown, request: Incoming): Answer | undefined {
    if (!isAuthError(error)) return undefined;
    if (error.code === 'step_up_redirect') return toRefusalAnswer(error);
    return error.code === 'missing_token' ? sessionsOf(request)?.inviteToLogin(request) : undefined;
  }

  const statelessGate: Engine<Incoming, Outgoing, C>['statelessGate'] = (resourceOf) =>
    createGate(base, {}, { ...gateHost, ...(resourceOf && { resourceOf }) });
  let plainGate: Gate<Incoming, Outgoing> | undefined;

  return {
    verifier: verifier as unknown as TokenVerifier<C>,
    ...{ log: fallback, logOf, factory, connections, statelessGate, securityEvents },
    ...(host.addressOf && { addressOf: host.addressOf }),
    ...{ toRequest, addToAnswer, toOpenSessions, inviteToLogin, tell: tellOf },
    clientSettings: () => client,
    ...{ toAsked, clock, notify, tenants, verifierOf },
    gate(requirements, isOpen = undefined) {
      const { options, compiledFor } = readRequirements(requirements, asking);
      return createGate(base, options, {
        ...gateHost,
        ...(isOpen && { isOpen }),
        ...(compiledFor && { compiledFor }),
        sessionOf: (request) => sessionsOf(request)?.authenticate,
      });
    },
    refuse(request, error, principal) {
      plainGate ??= statelessGate();
      return plainGate.refuse(request, error, principal) as never;
    },
    refusalOf(error, request) {
      if (!isAuthError(error)) return undefined;
      const invitation = inviteToLogin(error, request);
      if (invitation !== undefined) return invitation;
      const answer = toRefusalAnswer(error, explain);
      return refusalPage(error, request, answer) ?? answer;
    },
    useSessions(opened) {
      if (sessions !== undefined) throw new Error(`${factory}: sessions were opened before`);
      sessions = toOpenSessions(opened);
      return sessions.routes;
    },
    protectedResource: (options) => resources.add(options, describeResource(resourceHost, options)),
    describeResource: (options) => describeResource(resourceHost, options),
    tenantOf: toTenantOf(realms, host.paramsOf),
    messages(given = {}) {
      const one = tenants === undefined ? createKeycloakMessages(verifier.members as never) : undefined;
      const messagesOf = (request: Incoming) =>
        one ?? createKeycloakMessages(async (token) => (await verifierOf(request, token)).members as never);
      const isByIssuer = tenants?.isByIssuer === true;
      return toMessageRoutes(messagesOf, given, { logOf, securityEvents, isByIssuer });
    },
    async accessToken(request) {
      const wire = toRequest(request);
      const opened = sessionsOf(request);
      if (opened !== undefined && isForSession(wire)) return opened.accessToken(request);
      return authorizationOf(wire) === undefined ? null : readBearerToken(wire);
    },
    has(principal, requirements) {
      findAsking(requirements, false);
      const realm = (tenants && principal && (makerOf(principal) as TokenVerifier | undefined)) ?? verifier;
      return has(principal, requirements, realm.clientId, realm.signInRules);
    },
    load() {
      // `load` of an application's own verifier may reject.
      Promise.resolve(verifier.load()).catch((err) => fallback.error({ err }, 'the verifier could not load'));
    },
    async close() {
      connections.close();
      await sessions?.close();
      if (isOwn) await verifier.close();
    },
  };
}

/** Where a request names several hosts, frameworks take one of them: here it has no origin then. */
function withOneHost<Incoming, Outgoing>(host: DoorHost<Incoming, Outgoing>): DoorHost<Incoming, Outgoing> {
  return {
    ...host,
    toWire(request) {
      const wire = host.toWire(request);
      if (!hasSeveralHosts(host.toRequest(request))) return wire;
      return { ...wire, origin: (wire.origin ?? wire.url).replace(/\/\/.*/s, '//') };
    },
  };
}
