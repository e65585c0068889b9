import { type Confirmation, readConfirmation } from '../binding/sender-check.ts';
import type { Credential } from '../credential/credential.ts';
import { AuthError } from '../http/errors.ts';
import type { JsonObject } from '../jwt/compact-jws.ts';
import {
  describeAudience,
  describeClaim,
  hasAudience,
  type RegisteredClaims,
  type SignedJwtContext,
  type SigningKey,
  verifySignedJwt,
} from '../jwt/signed-jwt.ts';
import type { Claims } from '../principal/principal.ts';
import type { TenantKind } from '../principal/to-principal.ts';
import type { Notice } from '../runtime/notice.ts';

/** How often Keycloak is asked about a token whose signature is valid. */
export type TokenCheck = 'local' | 'recheck' | 'remote';

/**
 * As `audience`: accepts tokens for any client of the realm. It is a symbol, so that no configuration file can hold it;
 * applications that rely on it have their own setting.
 */
export const ANY_AUDIENCE = Symbol('any audience');

/** Options of a verifier for the checks of a token, with the defaults filled in. */
export interface TokenOptions<C extends object = Claims> {
  readonly clientId: string;
  readonly credential: Credential;
  readonly audience: readonly string[] | typeof ANY_AUDIENCE | undefined;
  readonly algorithms: ReadonlySet<string>;
  readonly tokenCheck: TokenCheck;
  readonly recheckSeconds: number;
  readonly whenUnavailable: 'accept' | 'refuse';
  readonly maxCachedTokens: number;
  readonly clockToleranceSeconds: number;
  readonly timeoutMs: number;
  readonly fillClaims: boolean;
  readonly parseClaims: ((claims: Claims) => C) | undefined;
  readonly tenants: TenantKind;
  readonly onNotice: (notice: Notice) => void;
  readonly clock: () => number;
  readonly fetch: typeof fetch;
}

/** A token whose signature and claims are good. */
export interface VerifiedToken {
  readonly claims: RegisteredClaims & { readonly iss: string; readonly exp: number };
  /** Its binding to a key or certificate. */
  readonly confirmation: Confirmation | undefined;
  /** The key that signed it. */
  readonly key: SigningKey;
}

/** Keys, issuer and options of {@link verifyToken}. */
export interface VerifyContext extends SignedJwtContext {
  /** Gives the exact `iss`; called after the key was found. */
  readonly issuer: () => string;
  readonly options: SignedJwtContext['options'] &
    Pick<TokenOptions, 'audience' | 'clientId'> &
    Partial<Pick<TokenOptions, 'tenants'>>;
}

/** In the year 5138: a later one is a time in milliseconds (RFC 7519 §2 has seconds). Unit: seconds since 1970. */
const LAST_INSTANT = 1e11;

/**
 * Verifies an access token of Keycloak: what {@link verifySignedJwt} does, then `typ`, `aud` and `azp`, and that what
 * it is bound to (`cnf`) is known here. Not checked here: whether its sender has that, revocation, scopes, roles.
 *
 * @throws {AuthError} a `token_…` code, or `provider_…` when no keys were ever loaded
 */
export async function verifyToken(token: string, context: VerifyContext): Promise<VerifiedToken> {
  const { claims, key } = await verifySignedJwt(token, context, {
    headerTypes: /^(application\/)?(JWT|at\+jwt)$/i,
    issuer: context.issuer,
    requiredClaims: ['exp'],
  });
  assertAccessToken(claims);
  const confirmation = readConfirmation(claims as JsonObject);
  assertForUs(claims, context.options);
  return { claims: claims as VerifiedToken['claims'], confirmation, key };
}

/**
 * ID, refresh, offline and logout tokens are signed by the same realm and carry the same `iss`: only the payload's
 * `typ` tells them apart (RFC 8725 §3.11).
 *
 * @throws {AuthError} `token_type` or `token_claims`
 */
function assertAccessToken(claims: RegisteredClaims): void {
  if (claims.typ !== 'Bearer' && claims.typ !== 'DPoP') {
    throw new AuthError('token_type', 'The token is not an access token', {
      expected: 'claim typ Bearer or DPoP',
      seen: typeof claims.typ === 'string' ? `claim typ ${claims.typ}` : 'no claim typ',
    });
  }
  if ((claims.exp as number) <= 0 || (claims.exp as number) > LAST_INSTANT) {
    throw new AuthError('token_claims', 'exp is not a valid time', {
      expected: 'exp in seconds since 1970',
    });
  }
}

/** RFC 7519 §4.1.3; `azp` is Keycloak's, and an API whose client has no audience mapper has nothing else. */
function isForUs(claims: JsonObject, options: VerifyContext['options']): boolean {
  if (options.audience === ANY_AUDIENCE) return true;
  return options.audience
    ? options.audience.some((one) => hasAudience(claims, one))
    : hasAudience(claims, options.clientId) || claims.azp === options.clientId;
}

function assertForUs(claims: RegisteredClaims, options: VerifyContext['options']): void {
  if (isForUs(claims, options)) return;
  const audience = options.audience as readonly string[] | undefined;
  throw new AuthError('token_audience', 'The token was issued for another audience', {
    expected: audience ? `aud ${audience.join(' or ')}` : `aud or azp ${options.clientId}`,
    seen: `aud ${describeAudience(claims)}, azp ${describeClaim(claims.azp)}`,
  });
}
