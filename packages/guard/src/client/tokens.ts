import type { TokenEndpointResponse } from 'oauth4webapi';

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

// Apart from the type of what it makes: declarations that name a package are shipped twice, with all that name them.

/** Reads a token response (RFC 6749 §5.1, with Keycloak's `refresh_expires_in`). */
export function toTokens(response: TokenEndpointResponse): Tokens {
  return {
    accessToken: response.access_token,
    tokenType: response.token_type,
    expiresInSeconds: response.expires_in ?? null,
    refreshToken: response.refresh_token ?? null,
    refreshExpiresInSeconds:
      typeof response.refresh_expires_in === 'number' ? response.refresh_expires_in : null,
    idToken: response.id_token ?? null,
    scopes: response.scope?.split(' ').filter(Boolean) ?? [],
  };
}
