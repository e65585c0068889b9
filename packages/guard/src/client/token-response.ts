import type { TokenEndpointResponse } from 'oauth4webapi';
import type { Tokens } from './tokens.ts';

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
