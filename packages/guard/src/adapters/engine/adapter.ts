import type { AppClaims } from '../../core/index.ts';
import { createEngine, type Engine, type EngineHost } from './engine.ts';
import type { BackchannelLogoutOptions } from './messages.ts';
import {
  type KeycloakOptions,
  type PermissionSettings,
  resolveAdapterOptions,
  type SessionSettings,
} from './options.ts';
import type { ProtectedResourceOptions } from './parts/resource-metadata.ts';
import { createPermits, type Permits } from './permissions.ts';
import type { Route, Routes } from './routes.ts';
import { openSessions } from './sessions.ts';

/** An engine that can turn sessions and permissions on. */
export interface Adapter<Incoming, Outgoing, C extends object = AppClaims>
  extends Engine<Incoming, Outgoing, C> {
  /** Turns browser sessions on, once. @throws {OptionsError} */
  openSessions(settings: SessionSettings<Incoming>): Routes<Incoming>;
  /** Guards by permission. */
  readonly permits: Permits<Incoming>;
}

/**
 * The engine of an adapter, with sessions and permissions.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function createAdapter<Incoming, Outgoing, C extends object = AppClaims>(
  options: KeycloakOptions<Incoming, C>,
  host: EngineHost<Incoming, Outgoing>,
): Adapter<Incoming, Outgoing, C> {
  const engine = createEngine(resolveAdapterOptions(host.factory, options), host);
  const plain = engine as unknown as Engine<Incoming, Outgoing>;
  return {
    ...engine,
    permits: createPermits(plain),
    openSessions: (settings) => engine.useSessions(openSessions(plain, settings, 'session')),
  };
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
  readonly backchannelLogout?: BackchannelLogoutOptions | false | undefined;
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
export function createAdapterWithParts<Incoming, Outgoing, C extends object>(
  // Without any, as of a function that forgets to return them, each is missing.
  {
    session,
    backchannelLogout,
    permissions,
    protectedResource,
    ...options
  }: WithParts<Incoming, C> = {} as never,
  host: EngineHost<Incoming, Outgoing>,
): { readonly adapter: Adapter<Incoming, Outgoing, C>; readonly routes: readonly Route<Incoming>[] } {
  const adapter = createAdapter<Incoming, Outgoing, C>(
    options as unknown as KeycloakOptions<Incoming, C>,
    host,
  );
  const routes = [
    ...(session === undefined ? [] : adapter.openSessions(session).all),
    ...(protectedResource === undefined ? [] : adapter.protectedResource(protectedResource).all),
    ...(backchannelLogout === false ? [] : adapter.messages(backchannelLogout).all),
  ];
  if (permissions !== undefined) adapter.permits.open(permissions);
  return { adapter, routes };
}
