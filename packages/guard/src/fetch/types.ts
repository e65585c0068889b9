import type {
  BackchannelLogoutOptions,
  FetchRequest,
  Found,
  KeycloakOptions,
  SessionSettings,
} from '../adapter/internal.ts';
import type { Claims } from '../core/index.ts';
import type { GuardOptions } from '../core/internal.ts';

/** Options of {@link keycloak}. */
export type FetchKeycloakOptions<C extends object = Claims> = KeycloakOptions<FetchRequest, C> & {
  /**
   * Signs people in with the browser: `handle` answers login, callback, session and logout, and guards take the cookie as
   * well as a bearer token. Default: no sessions.
   */
  readonly session?: SessionSettings<FetchRequest> | undefined;
  /** Where Keycloak tells `handle` that a session ended. Default: `POST /backchannel-logout`. */
  readonly backchannelLogout?: BackchannelLogoutOptions<FetchRequest> | undefined;
};

/**
 * A request, or as much of it as a framework shows. Of `Headers` alone nobody knows the method: with a session cookie
 * they count as those of a request that changes something, so one that another site may have sent is refused. Where it
 * is a page that is asked for, say so: `{ headers, method: 'GET' }`.
 */
export type Incoming = FetchRequest | Headers;

/** A handler that runs for guarded requests alone. What the framework hands over besides comes after `principal`. */
export type GuardedHandler<
  C extends object,
  R extends GuardOptions,
  Req extends Request,
  Rest extends unknown[],
> = (request: Req, found: { readonly principal: Found<C, R> }, ...rest: Rest) => Response | Promise<Response>;
