import { AuthError } from '../http/errors.ts';
import type { JsonObject } from './compact-jws.ts';

/** What the claims of RFC 7519 §4.1 must be. A claim that no rule names may be absent. */
export interface ClaimRules {
  readonly requiredClaims?: readonly string[];
  /** `iss` must be exactly this. */
  readonly issuer?: string | undefined;
  /** `aud` must contain it. */
  readonly audience?: string;
  /** `iat` must not be further back. Unit: seconds. */
  readonly maxAgeSeconds?: number;
}

/** Claims whose types are as in RFC 7519 §4.1.4 to §4.1.6. */
export type RegisteredClaims = JsonObject & {
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
};

/**
 * Checks `iss`, `aud`, `exp`, `nbf` and `iat` as the rules ask, and that times are times.
 *
 * @param now Unit: seconds since 1970
 * @param tolerance for clocks that differ. Unit: seconds
 * @throws {AuthError} `token_claims`, `token_issuer`, `token_audience`, `token_expired` or `token_not_yet_valid`
 */
export function assertRegisteredClaims(
  claims: JsonObject,
  rules: ClaimRules,
  now: number,
  tolerance: number,
): asserts claims is RegisteredClaims {
  if (rules.issuer !== undefined && claims.iss !== rules.issuer) {
    throw new AuthError('token_issuer', 'The token is of another issuer', {
      expected: `iss ${rules.issuer}`,
      seen: `iss ${describeClaim(claims.iss)}`,
    });
  }
  for (const claim of rules.requiredClaims ?? []) {
    if (!Object.hasOwn(claims, claim)) throw missing(claim);
  }
  if (rules.audience !== undefined && !hasAudience(claims, rules.audience)) {
    throw new AuthError('token_audience', 'The token was issued for another audience', {
      expected: `aud ${rules.audience}`,
      seen: `aud ${describeAudience(claims)}`,
    });
  }

  const issuedAt = toTime(claims, 'iat');
  const notBefore = toTime(claims, 'nbf') ?? Number.NEGATIVE_INFINITY;
  if (notBefore > now + tolerance) {
    throw new AuthError('token_not_yet_valid', 'The token is not valid yet', { seen: `nbf ${notBefore}` });
  }
  const expiresAt = toTime(claims, 'exp') ?? Number.POSITIVE_INFINITY;
  if (expiresAt <= now - tolerance) {
    throw new AuthError('token_expired', 'The token expired', { seen: `exp ${expiresAt}` });
  }
  if (rules.maxAgeSeconds !== undefined) {
    if (issuedAt === undefined || issuedAt > now + tolerance) throw missing('iat');
    if (now - issuedAt - tolerance > rules.maxAgeSeconds) {
      throw new AuthError('token_expired', 'The token is too old', { seen: `iat ${issuedAt}` });
    }
  }
}

/** RFC 7519 §4.1.3: one audience stands alone or in a list. */
export function hasAudience({ aud }: JsonObject, audience: string): boolean {
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience;
}

/** In each way to write it: an empty list, or a value that is not a string, names no audience. */
export function hasNoAudience({ aud }: JsonObject): boolean {
  return [aud].flat().every((one) => typeof one !== 'string' || one === '');
}

/** For messages: a string unchanged, of any other value its type (some objects cannot be written). */
export function describeClaim(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? 'missing' : `of type ${typeof value}`;
}

/** For messages: every audience that is a string. */
export function describeAudience({ aud }: JsonObject): string {
  const texts = (Array.isArray(aud) ? aud : [aud]).filter((one) => typeof one === 'string');
  return texts.join(', ') || 'missing';
}

function toTime(claims: JsonObject, claim: 'exp' | 'nbf' | 'iat'): number | undefined {
  const value = claims[claim];
  if (value === undefined) return undefined;
  // JSON can say 1e999, which is read as infinite.
  if (!Number.isFinite(value)) throw missing(claim);
  return value as number;
}

function missing(claim: string): AuthError {
  return new AuthError('token_claims', `The claim ${claim} is missing or not of its type`);
}
