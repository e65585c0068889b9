import type { SigningAlgorithm } from './stored-keys.ts';

/**
 * What a token is signed with:
 * - `RS256`, `ES256`: the provider's key
 * - `unknown`: a key that is not in the JWK Set, under the `kid` of one that is
 * - `unknown-kid`: a key that is not in the JWK Set, under its own `kid`
 * - `public-key-as-secret`: HS256 with the public key as the secret (RFC 8725 §2.1)
 * - `none`: no signature
 * - `broken`: the provider's key, with one bit of the signature flipped
 */
export type TokenKey =
  | SigningAlgorithm
  | 'unknown'
  | 'unknown-kid'
  | 'public-key-as-secret'
  | 'none'
  | 'broken';

/** What {@link DevIdp.issueToken} is to issue. */
export interface TokenRequest {
  /** The token's user. Default: the realm's first user. */
  username?: string;
  /** The token's client. Default: the realm's first client. */
  clientId?: string;
  /** Scopes, as in a token request. Default `openid`. */
  scope?: string;
  /** Kind of token. Default `access`. */
  type?: 'access' | 'id' | 'refresh';
  /** Adds or replaces claims; `undefined` removes a claim. Default none. */
  claims?: Record<string, unknown>;
  /** Adds or replaces members of the header (`alg`, `typ`, `kid`); `undefined` removes one. Default none. */
  header?: Record<string, unknown>;
  /** What to sign with. Default: the client's algorithm, mostly `RS256`, or the provider's secret for a refresh token. */
  key?: TokenKey;
  /** Whether to start a session, so that userinfo and introspection know the token. Default true. */
  session?: boolean;
}
