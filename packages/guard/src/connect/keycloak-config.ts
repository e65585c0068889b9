/** What `keycloak.json` holds, or an object instead of it. Each setting also by its other names. */
export interface KeycloakConfig {
  readonly realm?: string | undefined;
  /** Client id of this application; also `client-id`, `clientId`. */
  readonly resource?: string | undefined;
  readonly 'client-id'?: string | undefined;
  readonly clientId?: string | undefined;
  /** The client's secret; also `secret`. */
  readonly credentials?:
    | { readonly secret?: string | undefined; readonly [name: string]: unknown }
    | undefined;
  readonly secret?: string | undefined;
  /** The client is a public one. Default false. Also `public`. */
  readonly 'public-client'?: boolean | string | undefined;
  readonly public?: boolean | string | undefined;
  /** Keycloak's address; also `server-url`, `serverUrl`, `authServerUrl`. */
  readonly 'auth-server-url'?: string | undefined;
  readonly 'server-url'?: string | undefined;
  readonly serverUrl?: string | undefined;
  readonly authServerUrl?: string | undefined;
  /** No login with the browser: who has no token is refused. Default false. Also `bearerOnly`. */
  readonly 'bearer-only'?: boolean | string | undefined;
  readonly bearerOnly?: boolean | string | undefined;
  /** The one key that may sign tokens (base64, without header and footer). Default: the keys of the realm. */
  readonly 'realm-public-key'?: string | undefined;
  readonly realmPublicKey?: string | undefined;
  /**
   * `true`: `aud` must have this client. `false`: a token for any client of the realm is taken. Default: `aud` has this
   * client, or the token was issued to it (`azp`). Also `verifyTokenAudience`.
   */
  readonly 'verify-token-audience'?: boolean | string | undefined;
  readonly verifyTokenAudience?: boolean | string | undefined;
  /** Not used: keys are fetched at most every five seconds. */
  readonly 'min-time-between-jwks-requests'?: number | undefined;
  readonly minTimeBetweenJwksRequests?: number | undefined;
  /** Whatever else stands in a `keycloak.json` is not read. */
  readonly [name: string]: unknown;
}
