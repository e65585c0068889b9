import { createClient } from '../../client/index.ts';
import { contextOfVerifier, toClient } from '../../client/internal.ts';
import { type AppClaims, OptionsError, type TokenVerifier, type Verifier } from '../../core/index.ts';
import { headerOf, isThenable, nameOfTenant, ofEach, partsOf } from '../../core/internal.ts';
import {
  createMemorySessionStore,
  type OnSessionEvent,
  type SessionOptions,
  type SessionRequest,
  type Sessions,
} from '../../session/index.ts';
import {
  buildSessions,
  createEndings,
  isPageRequest,
  NOBODY,
  resolveSessionOptions,
  toPaths,
  toTenantOptions,
} from '../../session/internal.ts';
import type { Tenants } from '../../tenants/internal.ts';
import {
  type BackchannelLogoutOptions,
  type ClientSettings,
  createEngine,
  type Door,
  type DoorHost,
  type Engine,
  type KeycloakOptions,
  type PermissionSettings,
  type ProtectedResourceOptions,
  type Route,
  resolveAdapterOptions,
  type SecurityEvents,
  type SessionSettings,
} from '../engine/internal.ts';
import { createPermits } from './permissions.ts';

/**
 * The sessions of tenants: of each its own, made when they are first needed, with a client, secrets and a cookie of its own.
 * They have the store in common.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
function openTenantSessions<Incoming>(
  tenants: Tenants<Incoming>,
  verifierOf: Engine<Incoming, never>['verifierOf'],
  settings: SessionSettings<Incoming>,
  factory: string,
): Sessions<Incoming> {
  if (tenants.isByIssuer) {
    throw wrong(
      factory,
      'tenants',
      'must be { of, get } where people sign in: a browser has no token that could say whose it is',
    );
  }
  if (settings.client !== undefined) throw wrong(factory, 'client', 'is that of each tenant: leave it out');
  const none = createClient({ serverUrl: 'http://localhost', realm: 'none', clientId: 'none' });
  const toOptions = (more: Partial<SessionOptions<Incoming>>) =>
    resolveSessionOptions({ ...settings, client: none, ...more }, factory);
  // Wrong options stop the start.
  const common = toOptions({});
  const store = settings.store ?? createMemorySessionStore({ clock: settings.clock });
  const endings = createEndings(store, common.maxMs);

  const openedOf = ofEach((verifier: Verifier<object>): Sessions => {
    const context = contextOfVerifier(verifier);
    const { publicUrl = settings.publicUrl } = partsOf(verifier) ?? {};
    const tenant = nameOfTenant(verifier) ?? '';
    const { keyPrefix, ...own } = toTenantOptions(settings, {
      name: tenant,
      baseUrl: verifier.issuer.baseUrl,
      clientId: verifier.clientId,
    });
    const client = context && { client: toClient(context) };
    const onEvent = settings.onEvent && toTenantListener(settings.onEvent, tenant);
    const options = toOptions({ ...own, store, publicUrl, ...client, ...(onEvent && { onEvent }) });
    return buildSessions(verifier as unknown as TokenVerifier, options, false, endings, keyPrefix);
  });

  type Settled<T> = (sessions: Sessions<Incoming>) => T | Promise<T>;

  /** With the sessions of the tenant: at once where its settings are known. @throws {AuthError} */
  function of<T>({ source }: SessionRequest<Incoming>, act: Settled<T>): T | Promise<T> {
    const verifier = verifierOf(source as Incoming);
    const open = (one: TokenVerifier) => act(openedOf(one as Verifier<object>) as Sessions<Incoming>);
    return isThenable(verifier)
      ? (verifier as Promise<TokenVerifier>).then(open)
      : open(verifier as TokenVerifier);
  }

  /** A guard has just refused the request, so its tenant is in memory. One that left it in between gets the plain refusal. */
  function now<T>(
    request: SessionRequest<Incoming>,
    act: (sessions: Sessions<Incoming>) => T,
  ): T | undefined {
    const result = of(request, act);
    if (!isThenable(result)) return result as T;
    Promise.resolve(result).catch(() => {});
    return undefined;
  }

  const { prefix } = common;
  return {
    paths: toPaths(prefix),
    // The guard knows that there is such a tenant: without a cookie, nothing is made for it.
    authenticate: (request, isUse) =>
      headerOf(request.headers, 'cookie') === undefined
        ? NOBODY
        : of(request, (one) => one.authenticate(request, isUse)),
    accessToken: async (request) => of(request, (one) => one.accessToken(request)),
    inviteToLogin: (request) =>
      isPageRequest(request) ? (now(request, (one) => one.inviteToLogin(request)) ?? null) : null,
    refusalPage: (request, refusal) =>
      isPageRequest(request) ? (now(request, (one) => one.refusalPage(request, refusal)) ?? null) : null,
    stepUp: (request, signIn) => now(request, (one) => one.stepUp(request, signIn)),
    startLogin: async (request) => of(request, (one) => one.startLogin(request)),
    finishLogin: async (request) => of(request, (one) => one.finishLogin(request)),
    describe: async (request) => of(request, (one) => one.describe(request)),
    signOut: async (request) => of(request, (one) => one.signOut(request)),
    async close() {
      await endings.close();
      if (settings.store === undefined) await store.close();
    },
  };
}

/** Also what happens in the background, without a request, belongs to the tenant. */
const toTenantListener =
  <Incoming>(onEvent: OnSessionEvent<Incoming>, tenant: string): OnSessionEvent<Incoming> =>
  (event, request) =>
    onEvent({ ...event, tenant }, request);

function wrong(factory: string, option: string, rule: string): OptionsError {
  const example = '{ of: ({ hostname }) => nameOf(hostname), get: (name) => db.tenants.find(name) }';
  return new OptionsError(factory, [{ option, rule, example }]);
}

/**
 * The engine of an adapter, with sessions and permissions.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function createDoor<Incoming, Outgoing, C extends object = AppClaims>(
  options: KeycloakOptions<Incoming, C>,
  host: DoorHost<Incoming, Outgoing>,
): Door<Incoming, Outgoing, C> {
  const engine = createEngine(resolveAdapterOptions(host.factory, options), host);
  const plain = engine as unknown as Engine<Incoming, Outgoing>;
  return {
    ...engine,
    permits: createPermits(plain),
    openSessions: (settings) => engine.useSessions(openSessions(plain, settings, 'session')),
  };
}

/**
 * Browser sessions. Unless the settings have a client, they are those of the adapter's own client.
 *
 * @param factory what the application called, for errors
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function openSessions<Incoming>(
  {
    verifier,
    clientSettings,
    securityEvents,
    tenants,
    verifierOf,
  }: Pick<
    Engine<Incoming, never>,
    'verifier' | 'clientSettings' | 'securityEvents' | 'tenants' | 'verifierOf'
  >,
  given: SessionSettings<Incoming>,
  factory: string,
): Sessions<Incoming> {
  const settings = securityEvents === undefined ? given : telling(given, securityEvents);
  if (tenants !== undefined) return openTenantSessions(tenants, verifierOf, settings, factory);
  const options = { ...settings, client: settings.client ?? clientOf(verifier, clientSettings()) };
  const resolved = resolveSessionOptions(options as SessionOptions, factory);
  return buildSessions(verifier, resolved, settings.store === undefined);
}

/** Observers hear of sessions, beside the listener of the settings. */
function telling<Incoming>(
  settings: SessionSettings<Incoming>,
  { session }: SecurityEvents<Incoming>,
): SessionSettings<Incoming> {
  const { onEvent } = settings;
  if (onEvent !== undefined && typeof onEvent !== 'function') return settings;
  return {
    ...settings,
    onEvent(...told) {
      session(...told);
      return onEvent?.(...told);
    },
  };
}

/** The same client of the same realm; `undefined` if the options do not say which. */
function clientOf(
  { members }: Pick<TokenVerifier, 'members'>,
  { serverUrl, realm, clientId, timeoutMs }: ClientSettings,
) {
  if (serverUrl === undefined || realm === undefined || clientId === undefined) return undefined;
  const [member] = members;
  const { credential, fetch } = (member && partsOf(member)) ?? {};
  return createClient({ serverUrl, realm, clientId, credential, issuer: member?.issuer, timeoutMs, fetch });
}

/** Parts of an adapter that are turned on by options, rather than by middleware. */
export interface Parts<Incoming> {
  /**
   * Signs people in with the browser: login, callback, session and logout are answered, and guards accept the session cookie
   * as well as a bearer token. Default: no sessions.
   */
  readonly session?: SessionSettings<Incoming> | undefined;
  /** Publishes which resource this is (RFC 9728): its metadata is answered, and every challenge names it. Default: not published. */
  readonly protectedResource?: ProtectedResourceOptions | undefined;
  /**
   * Where Keycloak reports that a session ended (OpenID Connect Back-Channel Logout 1.0). `false`: nowhere. Default:
   * `POST /backchannel-logout`.
   */
  readonly backchannelLogout?: BackchannelLogoutOptions<Incoming> | false | undefined;
  /**
   * Turns on questions to Keycloak's authorization services, for `permit`. `clientSecret` may be left out if the other
   * options have it. Default: off.
   */
  readonly permissions?: PermissionSettings | undefined;
}

/** Options of an adapter with such parts. */
export type WithParts<Incoming, C extends object = AppClaims> = KeycloakOptions<Incoming, C> &
  Parts<Incoming>;

/**
 * The engine of an adapter, with the parts that the options turn on, and their routes.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function openDoor<Incoming, Outgoing, C extends object>(
  { session, backchannelLogout, permissions, protectedResource, ...options }: WithParts<Incoming, C>,
  host: DoorHost<Incoming, Outgoing>,
): { readonly door: Door<Incoming, Outgoing, C>; readonly routes: readonly Route<Incoming>[] } {
  const door = createDoor<Incoming, Outgoing, C>(options as unknown as KeycloakOptions<Incoming, C>, host);
  const routes = [
    ...(session === undefined ? [] : door.openSessions(session).all),
    ...(protectedResource === undefined ? [] : door.protectedResource(protectedResource).all),
    ...(backchannelLogout === false ? [] : door.messages(backchannelLogout).all),
  ];
  if (permissions !== undefined) door.permits.open(permissions);
  return { door, routes };
}
