import type { AppClaims } from '../../core/index.ts';
import type {
  BackchannelLogoutOptions,
  Door,
  DoorHost,
  KeycloakOptions,
  PermissionSettings,
  ProtectedResourceOptions,
  Route,
  SessionSettings,
} from '../engine/internal.ts';
import { createDoor } from './create-door.ts';

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
