import {
  type AppClaims,
  AuthError,
  has,
  type Log,
  type Principal,
  type Requirements,
  type TokenVerifier,
} from '../../core/index.ts';
import {
  type Answer,
  authorizationOf,
  createRequestGuard,
  createStandardErrorLog,
  hasSeveralHosts,
  isForSession,
  makerOf,
  once,
  type RequestGuard,
  type RequestGuardHost,
  type RequestLike,
  readCredentials,
  then,
} from '../../core/internal.ts';
import type { SessionRequest } from '../../session/index.ts';
import { type Connections, createConnections } from './connections.ts';
import { type BackchannelLogoutOptions, toMessageRoutes } from './messages.ts';
import {
  type EngineOptionsHost,
  type KeycloakOptions,
  resolveAdapterOptions,
  type SessionSettings,
} from './options.ts';
import type { ProtectedResourceOptions } from './parts/resource-metadata.ts';
import type { SecurityEvents } from './parts/security-events.ts';
import { createPermits, type Permits } from './permissions.ts';
import { type DescribedResource, describeResource } from './protected-resource.ts';
import { openRealms, type Realms, toResourceHost, toTenantOf } from './realms.ts';
import { createRefusals } from './refusals.ts';
import {
  findRequestParts,
  type GuardRequirements,
  type RequirementsHost,
  readRequirements,
} from './requirements.ts';
import { pathOf, type Routes } from './routes.ts';
import { createSessions, type OpenSessions } from './sessions.ts';

/** The part that an adapter adds to the engine: it reads requests and writes answers. */
export interface EngineHost<Incoming, Outgoing> extends EngineOptionsHost {
  /** Called for every request: reads no more than a token needs. */
  toRequest(request: Incoming): RequestLike;
  /** Called for sessions, refusals and messages. */
  toSessionRequest(request: Incoming): Omit<SessionRequest<Incoming>, 'log' | 'source'>;
  /** Adds headers to the answer, which does not exist yet. */
  addToAnswer(outgoing: Outgoing, extra: Pick<Answer, 'headers' | 'setCookies'>): void;
  /** The first argument of the application's own functions. Default: the request. */
  toAppRequest?(request: Incoming): unknown;
  /** Further arguments for functions of requirements. */
  extraArguments?(request: Incoming): readonly unknown[];
  /** The parameters of the route that a request was routed to, decoded once. Left out: the framework has no router. */
  paramsOf?(request: Incoming): unknown;
  /** The logger of a request, in frameworks that have one. */
  logOf?(request: Incoming): Log | undefined;
  /** The client's address, for an audit log. */
  addressOf?(request: Incoming): string | undefined;
  /** Whether refusals are logged at level `debug` by default. */
  readonly debugsRefusals?: boolean;
  /** The sessions of a request, in frameworks that keep them by scope. Default: those of `openSessions`. */
  sessionsOf?(request: Incoming): OpenSessions<Incoming, Outgoing> | undefined;
}

/** The engine of an adapter: everything but the framework. It loads neither sessions nor permissions before they are turned on. */
export interface Engine<Incoming, Outgoing, C extends object = AppClaims>
  extends Pick<Realms<Incoming>, 'clock' | 'notify' | 'tenants' | 'verifierOf'>,
    Pick<EngineHost<Incoming, Outgoing>, 'addToAnswer' | 'addressOf' | 'toRequest'> {
  readonly verifier: TokenVerifier<C>;
  /** The log for lines that belong to no request. */
  readonly log: Log;
  readonly factory: string;
  logOf(request: Incoming): Log;
  /**
   * @param isOpen whether a request may pass that would be refused
   * @throws {OptionsError} for a misspelt or empty requirement, and for `undefined`
   */
  guard(
    requirements: GuardRequirements<never>,
    isOpen?: (request: Incoming) => boolean,
  ): RequestGuard<Incoming, Outgoing>;
  /**
   * A guard without requirements that takes tokens alone, and no session cookies.
   *
   * @param more the resource that challenges name, and what the caller is checked for. Default: that of `protectedResource`, nothing
   */
  tokenGuard(
    more?: Pick<RequestGuardHost<Incoming, Outgoing>, 'resourceOf' | 'compiledFor' | 'setHeader'>,
  ): RequestGuard<Incoming, Outgoing>;
  toAppRequest(request: Incoming): unknown;
  /**
   * Refuses a request for a reason that was found outside of a guard, as a guard does: with its challenge, log line and
   * listeners.
   *
   * @throws {AuthError} the refusal; or `error` itself if it is a fault
   */
  refuse(request: Incoming, error: unknown, principal?: Principal | null): never;
  /** Tells the observers who got access, was refused, or lost access; `undefined` if none listens. */
  readonly securityEvents: SecurityEvents<Incoming> | undefined;
  /** The redirect to the login if a browser asks for a page without being signed in; else `undefined`. */
  inviteToLogin(error: unknown, request: Incoming): Answer | undefined;
  /** The answer to a refused request; `undefined` for any other error. */
  refusalOf(error: unknown, request: Incoming): Answer | undefined;
  /**
   * Sessions that are not yet those of the guards.
   *
   * @param factory the function that the application called, for errors
   * @throws {OptionsError}
   */
  createSessions(settings: SessionSettings<Incoming>, factory: string): OpenSessions<Incoming, Outgoing>;
  /** Turns browser sessions on, once. @throws {OptionsError} */
  openSessions(settings: SessionSettings<Incoming>): Routes<Incoming>;
  /** Guards by permission. */
  readonly permits: Permits<Incoming>;
  /** Says which resource this application is, once, in its metadata and in every challenge. @throws {OptionsError} */
  protectedResource(options: ProtectedResourceOptions): Routes<Incoming>;
  /** The metadata of a resource that one guard alone names. @throws {OptionsError} */
  describeResource(
    options: ProtectedResourceOptions,
  ): DescribedResource<Incoming> & { isPublished(): boolean };
  /** See {@link toTenantOf}. */
  readonly tenantOf: ReturnType<typeof toTenantOf<Incoming>>;
  /** The routes for Keycloak's messages. @throws {OptionsError} */
  messages(options?: BackchannelLogoutOptions): Routes<Incoming>;
  /** See `Keycloak.accessToken`. @throws {AuthError} rejects with the error that a guard would refuse the header with */
  accessToken(request: Incoming): Promise<string | null>;
  /** All connections that stay open. */
  readonly connections: Connections<Incoming>;
  has(principal: Principal<C> | null | undefined, requirements: Requirements<C>): boolean;
  /** Begins to load the keys, and logs an error. The API starts while Keycloak is down. */
  load(): void;
  close(): Promise<void>;
}

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function createEngine<Incoming, Outgoing, C extends object = AppClaims>(
  options: KeycloakOptions<Incoming, C>,
  adapterHost: EngineHost<Incoming, Outgoing>,
): Engine<Incoming, Outgoing, C> {
  const resolved = resolveAdapterOptions(options, adapterHost);
  const host = withOneHost(adapterHost);
  const { factory, toRequest, addToAnswer } = host;
  const toAppRequest = host.toAppRequest ?? ((request: Incoming): unknown => request);
  const realms = openRealms(resolved, { toRequest, toSessionRequest: host.toSessionRequest, toAppRequest });
  const { verifier, base, verifierOf, tenants, clock, notify } = realms;
  const fallback = resolved.log ?? createStandardErrorLog(factory);
  const logOf = (request: Incoming): Log => host.logOf?.(request) ?? fallback;
  const toSessionRequest = (request: Incoming): SessionRequest<Incoming> => ({
    ...host.toSessionRequest(request),
    log: logOf(request),
    source: request,
  });
  const tenantOf = toTenantOf(realms, host.paramsOf);
  const resourceHost = toResourceHost(realms, host.toSessionRequest, tenantOf);
  let resourceOf: RequestGuardHost<Incoming, Outgoing>['resourceOf'];
  let metadataUrl: string | undefined;
  let sessions: OpenSessions<Incoming, Outgoing> | undefined;
  const sessionsOf = host.sessionsOf ?? (() => sessions);

  const { onDenied, inviteToLogin, refusalOf, securityEvents } = createRefusals<Incoming>(
    resolved,
    { ...host, ...(tenants && { tenantOf: tenants.knownNameOf }) },
    tenants === undefined ? verifier.members : [tenants.nobody],
    { fallback, logOf, sessionsOf },
  );

  const guardHost: RequestGuardHost<Incoming, Outgoing> = {
    toRequest,
    ...(tenants && {
      verifierOf: (request) => then(sessionsOf(request)?.ready(), () => verifierOf(request)),
    }),
    resourceOf: (request) => resourceOf?.(request),
    originOf: (request) => host.toSessionRequest(request).origin,
    setHeader: (outgoing, name, value) =>
      addToAnswer(outgoing, { headers: { [name]: value }, setCookies: [] }),
    onDenied,
    ...(securityEvents && { onAdmitted: securityEvents.admitted }),
  };
  const requirementsHost: RequirementsHost<Incoming> = {
    verifier: base,
    toAppRequest: (request) => [toAppRequest(request), ...(host.extraArguments?.(request) ?? [])],
    paramsOf: host.paramsOf,
    nameOf: (request) => nameOf(host.toSessionRequest(request)),
  };
  const connections = createConnections<Incoming>(
    realms,
    { ...guardHost, sessionOf: (request) => sessionsOf(request)?.watch },
    requirementsHost,
  );
  const openedSessions: Engine<Incoming, Outgoing, C>['createSessions'] = (settings, forFactory) =>
    createSessions({ ...realms, securityEvents, toSessionRequest, addToAnswer }, settings, forFactory);

  const tokenGuard: Engine<Incoming, Outgoing, C>['tokenGuard'] = (more) =>
    createRequestGuard(base, {}, { ...guardHost, ...more });
  const plainGuard = once(tokenGuard);
  const refuse = (request: Incoming, error: unknown, principal?: Principal | null) =>
    plainGuard().refuse(request, error, principal) as never;

  return {
    verifier: verifier as unknown as TokenVerifier<C>,
    ...{ log: fallback, logOf, factory, connections, tokenGuard, securityEvents },
    ...(host.addressOf && { addressOf: host.addressOf }),
    ...{ toRequest, addToAnswer, createSessions: openedSessions, inviteToLogin, refuse, refusalOf },
    ...{ toAppRequest, clock, notify, tenants, verifierOf },
    permits: createPermits({ ...realms, factory, logOf, toAppRequest, refuse }),
    guard(requirements, isOpen = undefined) {
      const { options, compiledFor } = readRequirements(requirements, requirementsHost);
      return createRequestGuard(base, options, {
        ...guardHost,
        ...(isOpen && { isOpen }),
        ...(compiledFor && { compiledFor }),
        sessionOf: (request) => sessionsOf(request)?.authenticate,
      });
    },
    openSessions(settings) {
      const opened = openedSessions(settings, 'session');
      if (sessions !== undefined) throw new Error(`${factory}: sessions were opened before`);
      sessions = opened;
      return sessions.routes;
    },
    protectedResource(options) {
      if (resourceOf !== undefined) throw new Error(`${factory}: protectedResource was called before`);
      const described = describeResource(resourceHost, options);
      ({ metadataUrl } = described);
      const { scopes = [], scopesInChallenge = true } = options;
      resourceOf = (request) => described.challengedFor(request, scopesInChallenge ? scopes : []);
      return described.routes;
    },
    describeResource(options) {
      const described = describeResource(resourceHost, options);
      return { ...described, isPublished: () => described.metadataUrl === metadataUrl };
    },
    tenantOf,
    messages: (options = {}) => toMessageRoutes(realms, options, { logOf, securityEvents }),
    async accessToken(request) {
      const sent = toRequest(request);
      const opened = sessionsOf(request);
      return opened !== undefined && isForSession(sent) ? opened.accessToken(request) : tokenIn(sent);
    },
    has(principal, requirements) {
      findRequestParts(requirements, false);
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
      if (resolved.isOwn) await verifier.close();
    },
  };
}

/** The token in the header `Authorization`; `null` without one. @throws {AuthError} */
function tokenIn(sent: RequestLike): string | null {
  if (authorizationOf(sent) === undefined) return null;
  const read = readCredentials(sent, true);
  if (read instanceof AuthError) throw read;
  return typeof read === 'string' ? read : read.token;
}

function nameOf({ method = '', url }: Pick<SessionRequest, 'method' | 'url'>): string {
  return `${method} ${pathOf(url)}`;
}

/** Where a request names several hosts, frameworks take one of them: here it has no origin then. */
function withOneHost<Incoming, Outgoing>(
  host: EngineHost<Incoming, Outgoing>,
): EngineHost<Incoming, Outgoing> {
  return {
    ...host,
    toSessionRequest(request) {
      const read = host.toSessionRequest(request);
      if (!hasSeveralHosts(host.toRequest(request))) return read;
      return { ...read, origin: (read.origin ?? read.url).replace(/\/\/.*/s, '//') };
    },
  };
}
