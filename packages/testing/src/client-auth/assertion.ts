import { Fault } from '../fault.ts';
import { field } from '../http/form.ts';
import type { Provider } from '../provider.ts';
import type { Client } from '../realm/client.ts';

/** The assertion of a request (RFC 7523 §2.2), not yet verified. */
export interface Assertion {
  readonly type: string | undefined;
  readonly jwt: string | undefined;
  /** `undefined` if the JWT cannot be read. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** What the checks of an assertion need. */
export interface AssertionCheck {
  readonly provider: Provider;
  readonly client: Client;
  readonly issuer: string;
}

/** What an assertion may be, which differs by who issued it. Units: seconds. */
export interface AssertionRules {
  readonly audiences: readonly string[];
  /** Tolerated difference of clocks. */
  readonly skew: number;
  /** Longest time from `iat`, or until `exp` without `iat`. */
  readonly maxAge: number;
  /** Whether the same assertion may come again. */
  readonly reusable: boolean;
  /** Who issued it: tokens of two issuers may have the same `jti`. */
  readonly kind: string;
}

export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export const isJwtBearer = ({ type }: Assertion): boolean => type === JWT_BEARER;
export const refuse = (text: string) => new Fault(400, 'invalid_client', text);

export function readAssertion(form: URLSearchParams): Assertion {
  const [type, jwt] = [field(form, 'client_assertion_type'), field(form, 'client_assertion')];
  const [header, claims] = (jwt ?? '').split('.', 2).map(parse);
  return header === undefined || claims === undefined ? { type, jwt } : { type, jwt, header, claims };
}

/**
 * Checks audience, times and single use, in Keycloak's order. The signature is verified before.
 *
 * @throws {Fault} 400 `invalid_client`
 */
export function checkClaims(
  { clock, usedTokens }: Pick<Provider, 'clock' | 'usedTokens'>,
  claims: Readonly<Record<string, unknown>>,
  { audiences, skew, maxAge, reusable, kind }: AssertionRules,
): void {
  const { exp, nbf, iat, jti, aud } = claims as Record<'exp' | 'nbf' | 'iat', number | undefined> &
    typeof claims;
  const named = [aud ?? []].flat().map(String);
  if (!named.some((one) => audiences.includes(one))) throw refuse('Invalid token audience');
  if (named.length > 1) throw refuse('Multiple audiences not allowed');
  if (exp === undefined) throw refuse('Token exp claim is required');
  const now = clock.seconds();
  if (exp <= now || (nbf ?? 0) > now + skew) throw refuse('Token is not active');
  if (iat === undefined && exp - now > maxAge) {
    throw refuse('Token expiration is too far in the future and iat claim not present in token');
  }
  if (iat !== undefined && iat - skew > now) throw refuse('Token was issued in the future');
  if (iat !== undefined && now > iat + maxAge) {
    throw refuse('Token was issued too far in the past to be used now');
  }
  if (reusable) return;
  if (jti === undefined) throw refuse('Token jti claim is required');
  if (!usedTokens.use(`${kind} ${jti}`, Math.min(exp, now + maxAge))) throw refuse('Token reuse detected');
}

function parse(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
