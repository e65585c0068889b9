/** Tokens as Keycloak issued them. */
export interface Tokens {
  readonly accessToken: string;
  /** Always `bearer` or `dpop`, in lower case. */
  readonly tokenType: string;
  /** Lifetime of the access token. Unit: seconds. `null` where Keycloak does not say. */
  readonly expiresInSeconds: number | null;
  /** `null` where the client gets none. */
  readonly refreshToken: string | null;
  /** Lifetime of the refresh token. Unit: seconds; 0 means that it does not expire (offline tokens). */
  readonly refreshExpiresInSeconds: number | null;
  /** Present with the scope `openid`; its claims are checked, its signature is not (it came over this call). */
  readonly idToken: string | null;
  /** Scopes that were granted. */
  readonly scopes: readonly string[];
}
