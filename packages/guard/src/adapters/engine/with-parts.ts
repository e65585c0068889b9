import type { AppClaims } from '../../core/index.ts';
import { createEngine, type Engine, type EngineHost } from './engine.ts';
import type { BackchannelLogoutOptions } from './messages.ts';
import type { KeycloakOptions, PermissionSettings, SessionSettings } from './options.ts';
import type { ProtectedResourceOptions } from './parts/resource-metadata.ts';
import type { Route } from './routes.ts';

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
export function createEngineWithParts<Incoming, Outgoing, C extends object>(
  // Without any, as of a function that forgets to return them, each is missing.
  {
    session,
    backchannelLogout,
    permissions,
    protectedResource,
    ...options
  }: WithParts<Incoming, C> = {} as never,
  host: EngineHost<Incoming, Outgoing>,
): { readonly engine: Engine<Incoming, Outgoing, C>; readonly routes: readonly Route<Incoming>[] } {
  const engine = createEngine<Incoming, Outgoing, C>(
    options as unknown as KeycloakOptions<Incoming, C>,
    host,
  );
  const routes = [
    ...(session === undefined ? [] : engine.openSessions(session).all),
    ...(protectedResource === undefined ? [] : engine.protectedResource(protectedResource).all),
    ...(backchannelLogout === false ? [] : engine.messages(backchannelLogout).all),
  ];
  if (permissions !== undefined) engine.permits.open(permissions);
  return { engine, routes };
}
