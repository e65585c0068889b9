import type { PolicyEnforcerConfig } from './enforcer-config.ts';

/** The content of a `keycloak.json`, or an object in its place. Each setting by every name that keycloak-connect knows. */
export interface KeycloakConfig {
  /** Name of the realm. Required. */
  readonly realm?: string | undefined;
  /** Client id of this application. Required. */
  readonly resource?: string | undefined;
  /** The same as `resource`. */
  readonly 'client-id'?: string | undefined;
  /** The same as `resource`. */
  readonly clientId?: string | undefined;
  /** The client's secret. */
  readonly credentials?:
    | { readonly secret?: string | undefined; readonly [name: string]: unknown }
    | undefined;
  /** The same as `credentials.secret`. */
  readonly secret?: string | undefined;
  /** Whether the client is a public one. Default false. */
  readonly 'public-client'?: boolean | string | undefined;
  /** The same as `public-client`. */
  readonly public?: boolean | string | undefined;
  /** Keycloak's address, for example `http://localhost:8080`. Required. */
  readonly 'auth-server-url'?: string | undefined;
  /** The same as `auth-server-url`. */
  readonly 'server-url'?: string | undefined;
  /** The same as `auth-server-url`. */
  readonly serverUrl?: string | undefined;
  /** The same as `auth-server-url`. */
  readonly authServerUrl?: string | undefined;
  /** Turns off the login with the browser: a request without a token is refused. Default false. */
  readonly 'bearer-only'?: boolean | string | undefined;
  /** The same as `bearer-only`. */
  readonly bearerOnly?: boolean | string | undefined;
  /** The only key that may sign tokens, in base64 without header and footer. Default: the realm's current keys. */
  readonly 'realm-public-key'?: string | undefined;
  /** The same as `realm-public-key`. */
  readonly realmPublicKey?: string | undefined;
  /**
   * `true`: `aud` must name this client. `false`: a token for any client of the realm is accepted. Default: `aud` names this
   * client, or the token was issued to it (`azp`).
   */
  readonly 'verify-token-audience'?: boolean | string | undefined;
  /** The same as `verify-token-audience`. */
  readonly verifyTokenAudience?: boolean | string | undefined;
  /** Not used: keys are fetched at most every five seconds. */
  readonly 'min-time-between-jwks-requests'?: number | undefined;
  /** Not used, like `min-time-between-jwks-requests`. */
  readonly minTimeBetweenJwksRequests?: number | undefined;
  /** Paths, methods and scopes for `keycloak.pathEnforcer()`, as Keycloak's Java adapters read them. Default none. */
  readonly 'policy-enforcer'?: PolicyEnforcerConfig | undefined;
  /** Anything else in a `keycloak.json` is ignored. */
  readonly [name: string]: unknown;
}
