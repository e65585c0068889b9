import { AuthError, type AuthErrorOptions } from '../http/errors.ts';
import { type CompactJws, type JsonObject, readCompactJws } from './compact-jws.ts';
import { type VerificationKey, verifySignature } from './signature.ts';

/** A public key of the realm that may sign access tokens. */
export interface SigningKey {
  readonly kid: string;
  /** The one algorithm this key may be used with (RFC 8725 §3.1). */
  readonly alg: string;
  readonly key: VerificationKey;
  /** Its public parameters, to tell when another key comes under the same id. */
  readonly parameters: string;
}

/** Finds signing keys by id. */
export interface KeyFinder {
  /** A key that is in memory. */
  get(kid: string): SigningKey | undefined;
  /**
   * Finds a key in memory by another id too, until the keys are loaded again. Call it only for an id that was proved to be
   * that key's.
   */
  alias(kid: string, of: string): void;
  /** The keys should have been loaded again long ago: `find` does it before it answers. */
  isOverdue(): boolean;
  /**
   * Finds a key. Loads the JWKS again if the key is not in memory, at most once per 5 s for all callers. The first call does
   * what `start` of a key set does.
   *
   * @param mayBeNew whether the key may have been published after a time (milliseconds since 1970). If it may, and the JWKS
   * was requested before that, the call waits for the next load: up to 5 s. Default: it may not
   * @throws {AuthError} `provider_unavailable` or `provider_misconfigured` if the key is not known and the last load failed;
   * `provider_unavailable` if too many wait already
   */
  find(kid: string, mayBeNew?: (since: number) => boolean): Promise<SigningKey | undefined>;
}

/** Rules for the claims of RFC 7519 §4.1. A claim that no rule names may be absent. */
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
function assertRegisteredClaims(
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
  if ([claims.jti, claims.sid, claims.sub].some((id) => typeof id === 'string' && !isId(id)))
    throw new AuthError('token_claims', 'an id in it is too long');
  if (rules.audience !== undefined && !hasAudience(claims, rules.audience)) {
    throw new AuthError('token_audience', 'The token was issued for another audience', {
      expected: `aud ${rules.audience}`,
      seen: `aud ${describeAudience(claims)}`,
    });
  }

  const issuedAt = toTime(claims, 'iat') ?? Number.POSITIVE_INFINITY;
  const notBefore = toTime(claims, 'nbf') ?? Number.NEGATIVE_INFINITY;
  // Each as what must hold: a clock that is no number (a `Date.now` that a test replaced) makes no token good.
  if (!(notBefore <= now + tolerance)) {
    throw new AuthError('token_not_yet_valid', 'The token is not valid yet', { seen: `nbf ${notBefore}` });
  }
  const expiresAt = toTime(claims, 'exp') ?? Number.POSITIVE_INFINITY;
  if (!(expiresAt > now - tolerance)) {
    throw new AuthError('token_expired', 'The token expired', { seen: `exp ${expiresAt}` });
  }
  if (rules.maxAgeSeconds !== undefined) {
    if (!(issuedAt <= now + tolerance)) {
      throw new AuthError('token_not_yet_valid', 'The token is from the future', { seen: `iat ${issuedAt}` });
    }
    if (now - issuedAt - tolerance > rules.maxAgeSeconds) {
      throw new AuthError('token_expired', 'The token is too old', { seen: `iat ${issuedAt}` });
    }
  }
}

/**
 * Keycloak's ids have 36 characters; with the name of a user in another directory they have 300. Revocations hold them, and replicas
 * keep each for a day.
 */
const LONGEST_ID = 512;

export const isId = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= LONGEST_ID;

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

/** Keys and options of {@link verifySignedJwt}. */
export interface SignedJwtContext {
  readonly keys: KeyFinder;
  readonly options: {
    readonly algorithms: ReadonlySet<string>;
    readonly clockToleranceSeconds: number;
    readonly clock: () => number;
  };
}

/** Rules for a JWT. */
export interface SignedJwtRules extends Omit<ClaimRules, 'issuer'> {
  /** Kinds the header's `typ` may name; a header without `typ` passes (RFC 7519 §5.1). */
  readonly headerTypes: RegExp;
  /** Gives the exact `iss`; called after the key was found. Default: not checked. */
  readonly issuer?: () => string;
}

/** A JWT that the realm signed. */
export interface SignedJwt {
  readonly claims: RegisteredClaims;
  readonly headerType: string | undefined;
  /** The key that signed it. */
  readonly key: SigningKey;
}

/**
 * Verifies a JWT that the realm signed: form, algorithm, key, signature (RFC 7515 §5.2), and of the claims `iss`,
 * `aud`, `exp`, `nbf`, `iat` (RFC 7519 §4.1) as the rules ask.
 *
 * Nothing in the header can choose a key or a URL: `jku`, `jwk`, `x5u` and `x5c` are never read, and `crit` is
 * refused (RFC 8725 §3.10).
 *
 * @throws {AuthError} a `token_…` code, or `provider_…` when no keys were ever loaded
 */
export async function verifySignedJwt(
  token: string,
  context: SignedJwtContext,
  rules: SignedJwtRules,
): Promise<SignedJwt> {
  const { options, keys } = context;
  const jws = readCompactJws(token);
  const { kid, alg, typ } = judgeHeader(jws.header, options.algorithms, rules.headerTypes);
  const known = keys.isOverdue() ? undefined : keys.get(kid);
  const key = known ?? (await keys.find(kid, toMayBeNew(jws, context, rules)));
  if (key === undefined) {
    throw new AuthError(
      'token_key_unknown',
      "The token is signed with a key that is not in the realm's JWKS",
      originOf(jws, rules),
    );
  }
  if (key.alg !== alg) {
    throw new AuthError('token_algorithm', 'The algorithm of the token is not the one of its key', {
      expected: `alg ${key.alg}`,
      seen: `alg ${alg}`,
    });
  }
  if (!(await verifySignature(jws.input, jws.signature, key.key))) {
    throw new AuthError('token_signature', 'The signature does not match');
  }
  return { claims: readClaims(jws, context, rules), headerType: typ, key };
}

/** For the log: which realm a token says it is of, where that is not this one. */
function originOf(jws: CompactJws, { issuer }: SignedJwtRules): AuthErrorOptions {
  try {
    const [expected, { iss }] = [issuer?.(), jws.payload()];
    if (expected !== iss) {
      return { expected: `iss ${expected}`, seen: `iss ${describeClaim(iss)}` };
    }
  } catch {
    // It says nothing that can be read.
  }
  return {};
}

function readClaims(
  jws: CompactJws,
  { options }: SignedJwtContext,
  { issuer, ...rules }: SignedJwtRules,
): RegisteredClaims {
  const claims: JsonObject = jws.payload();
  const now = Math.floor(options.clock() / 1000);
  assertRegisteredClaims(claims, { ...rules, issuer: issuer?.() }, now, options.clockToleranceSeconds);
  return claims;
}

/**
 * Whether a token whose key is unknown may have been signed after a time, by its own claims, which are not verified.
 * A token that is older, or is refused in any case, does not wait.
 */
function toMayBeNew(jws: CompactJws, context: SignedJwtContext, rules: SignedJwtRules) {
  return (since: number): boolean => {
    try {
      const { iat } = readClaims(jws, context, rules);
      // `iat` is the whole second before.
      return iat === undefined || (iat + 1 + context.options.clockToleranceSeconds) * 1000 > since;
    } catch {
      // It is refused in any case.
    }
    return false;
  };
}

function judgeHeader(
  header: JsonObject,
  algorithms: ReadonlySet<string>,
  headerTypes: RegExp,
): { kid: string; alg: string; typ: string | undefined } {
  const { kid, alg, typ } = header;
  if (header.crit !== undefined || header.b64 !== undefined) {
    throw new AuthError('token_malformed', 'The token asks for an extension of JWS', {
      expected: 'no crit, no b64',
    });
  }
  if (typeof alg !== 'string' || !algorithms.has(alg)) {
    throw new AuthError('token_algorithm', 'The algorithm of the token is not accepted', {
      expected: [...algorithms].join(', '),
    });
  }
  if (typ !== undefined && !(typeof typ === 'string' && headerTypes.test(typ))) {
    throw new AuthError('token_type', 'The header says that this is another kind of token', {
      expected: `header typ ${headerTypes.source}`,
    });
  }
  if (typeof kid !== 'string') {
    throw new AuthError('token_key_unknown', 'The token does not name its key', { expected: 'header kid' });
  }
  return { kid, alg, typ };
}
