import type { Confirmation } from '../binding/sender-check.ts';
import { AuthError } from '../http/errors.ts';
import type { SigningKey } from '../jwt/signed-jwt.ts';
import type { Claims, Principal } from '../principal/principal.ts';
import { toPrincipal } from '../principal/to-principal.ts';
import type { Epoch, RevocableToken, RevocationHit, RevocationList } from '../revocation/revocation-list.ts';
import { isThenable } from '../runtime/concurrency.ts';
import type { Freshness, Trust } from './freshness.ts';
import type { RemoteAnswer } from './remote-question.ts';
import type { CachedToken } from './token-cache.ts';
import type { TokenOptions, VerifiedToken, VerifyContext } from './verify.ts';

/** The part of a token in memory that concerns revocations which only Keycloak can confirm. */
export interface Recheckable {
  readonly claims: RevocableToken;
  /** The revocation about which Keycloak must be asked before the token is trusted. */
  pendingRevocation: RevocationHit | undefined;
  /** The `epoch` at which the last answered recheck was sent; -1: none was. */
  settledEpoch: number;
}

/**
 * Judges a token by the revocations. True: it needs a recheck before it counts again.
 *
 * @param isLocal Keycloak is never asked
 * @throws {AuthError} `token_revoked`, `token_outdated`
 */
export function needsRecheck(known: Recheckable, revocations: RevocationList, isLocal: boolean): boolean {
  const hit = revocations.judge(known.claims);
  known.pendingRevocation = undefined;
  if (hit === undefined) return false;
  if (hit.verdict === 'refuse' || (hit.verdict === 'confirm' && isLocal)) throw toRevoked(hit);
  if (isLocal || hit.since <= known.settledEpoch) return false;
  known.pendingRevocation = hit;
  return true;
}

/**
 * Notes the answer. False if a newer revocation requires another question to Keycloak.
 *
 * @param sentEpoch the `epoch` at which the recheck was sent
 */
export function settleRecheck(known: Recheckable, sentEpoch: number): boolean {
  if (known.pendingRevocation !== undefined && known.pendingRevocation.since > sentEpoch) return false;
  known.settledEpoch = sentEpoch;
  known.pendingRevocation = undefined;
  return true;
}

export function toRevoked({ revocation }: RevocationHit): AuthError {
  if (revocation.type === 'change' && revocation.effect === 'renew') {
    return new AuthError('token_outdated', 'Its user changed after the token was issued');
  }
  return new AuthError('token_revoked', 'The token was revoked', {
    seen: `revocation of type ${revocation.type}`,
  });
}

/** The data by which a token is judged, for this room only. */
export type JudgedClaims = VerifiedToken['claims'];

/** A token that was found good. */
export interface KnownToken<C extends object> extends Recheckable, Trust, CachedToken {
  /** As signed, and what Keycloak added. */
  claims: JudgedClaims;
  /** Its binding to a key or certificate. */
  readonly confirmation: Confirmation | undefined;
  readonly key: SigningKey;
  /** For the application; shares nothing with `claims`. */
  principal: Principal<C> | undefined;
  /** The `epoch` of the last check against keys and revocations; -1 if another one is due. */
  epoch: number;
  wasIntrospected: boolean;
  /** The question whose answer was last taken over: an answer that comes late must not undo it. */
  filledBy: number;
  /** The claims that Keycloak added, as JSON: a list of names and values. */
  added: string;
  /** Why the claims that Keycloak added last made the token bad. */
  refusal: AuthError | undefined;
  /** The check that is under way: one per token. */
  checking: Promise<RemoteAnswer> | undefined;
}

/** @param now Unit: milliseconds since 1970 */
export function toKnown<C extends object>(
  token: string,
  { claims, confirmation, key }: VerifiedToken,
  now: number,
  clockToleranceSeconds: number,
): KnownToken<C> {
  return {
    token,
    size: token.length,
    claims: toJudged(claims),
    confirmation,
    key,
    expiresAt: (claims.exp + clockToleranceSeconds) * 1000,
    principal: undefined,
    epoch: -1,
    wasUsed: false,
    quietFrom: now,
    quietUntil: 0,
    trustedUntil: 0,
    confirmedAt: 0,
    wasIntrospected: false,
    filledBy: 0,
    added: '[]',
    refusal: undefined,
    pendingRevocation: undefined,
    settledEpoch: -1,
    checking: undefined,
  };
}

/**
 * A copy of what can be judged: texts, numbers and lists of them. Copied as a whole, for V8 then keeps all of one issuer's in one
 * shape: a sixth of the memory of an object that gets one member after the other.
 */
export function toJudged(claims: JudgedClaims): JudgedClaims {
  // Without a prototype, so that `__proto__` is a name like any other.
  const judged = Object.setPrototypeOf({ ...claims }, null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(judged)) {
    if (isScalar(value)) continue;
    judged[name] = Array.isArray(value) ? value.filter(isScalar).slice() : undefined;
  }
  return judged as JudgedClaims;
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

interface TokenParts {
  readonly context: VerifyContext;
  readonly epoch: Epoch;
  readonly freshness: Freshness;
  readonly revocations: RevocationList;
}

/**
 * Judges a token in memory by expiry, keys and revocations, without asking Keycloak.
 *
 * @throws {AuthError} a `token_…` code
 */
export function createAssertStillGood({
  context,
  epoch,
  freshness,
  revocations,
}: TokenParts): (known: KnownToken<object>, now: number) => void {
  return (known, now) => {
    if (known.refusal !== undefined) throw known.refusal;
    if (!(now < known.expiresAt)) {
      throw new AuthError('token_expired', 'The token expired', { seen: `exp ${known.claims.exp}` });
    }
    const current = epoch.value;
    if (known.epoch === current) return;
    if (context.keys.get(known.key.kid) !== known.key) {
      throw new AuthError('token_key_unknown', "The token is signed with a key that left the realm's JWKS");
    }
    if (known.claims.iss !== context.issuer()) {
      throw new AuthError('token_issuer', 'The token is of another issuer', {
        expected: `iss ${context.issuer()}`,
        seen: `iss ${known.claims.iss}`,
      });
    }
    if (needsRecheck(known, revocations, freshness.asksNever)) {
      // A question under way was sent before: its answer settles nothing.
      known.checking = undefined;
      freshness.end(known);
    }
    known.epoch = current;
  };
}

/**
 * @param claims become the application's: nothing that is judged later may be read from them
 * @throws {AuthError} `token_claims` if `parseClaims` throws, or does not return an object
 */
export function parsePrincipal<C extends object>(
  claims: Claims,
  { parseClaims, tenants }: Pick<TokenOptions<C>, 'parseClaims' | 'tenants'>,
): Principal<C> {
  // Applications get an object like any other.
  if (parseClaims === undefined) return toPrincipal(claims, { ...claims } as C, tenants);
  try {
    // It may change its argument: roles and scopes are still those of the token.
    const parsed = parseClaims(structuredClone(claims));
    assertParsed(parsed);
    return toPrincipal(claims, parsed, tenants);
  } catch (cause) {
    throw new AuthError('token_claims', 'parseClaims refused the claims of the token', { cause });
  }
}

/** A promise has not checked anything yet, and its rejection would end the process. */
function assertParsed(parsed: unknown): void {
  if (isThenable(parsed)) Promise.resolve(parsed).catch(() => {});
  if (isThenable(parsed) || typeof parsed !== 'object' || parsed === null) {
    throw new TypeError('parseClaims must return an object, not a promise of one');
  }
}
