import type { Confirmation } from '../binding/confirmation.ts';
import type { AuthError } from '../http/errors.ts';
import type { SigningKey } from '../jwt/key-finder.ts';
import type { Principal } from '../principal/principal.ts';
import type { Doubted } from './doubt.ts';
import type { Trust } from './freshness.ts';
import type { RemoteAnswer } from './remote-question.ts';
import type { CachedToken } from './token-cache.ts';
import type { VerifiedToken } from './verify.ts';

/** The data by which a token is judged, for this room only. */
export type JudgedClaims = VerifiedToken['claims'];

/** A token that was found good. */
export interface KnownToken<C extends object> extends Doubted, Trust, CachedToken {
  /** As signed, and what Keycloak added. */
  claims: JudgedClaims;
  /** What it is bound to. */
  readonly confirmation: Confirmation | undefined;
  readonly key: SigningKey;
  /** What the application gets; shares nothing with `claims`. */
  principal: Principal<C> | undefined;
  /** The `epoch` of the last check against keys and revocations; -1 if another one is due. */
  epoch: number;
  wasIntrospected: boolean;
  /** The question whose answer was last taken over: an answer that comes late must not undo it. */
  filledBy: number;
  /** Whether Keycloak added claims. */
  isFilled: boolean;
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
    spokenAt: 0,
    wasIntrospected: false,
    filledBy: 0,
    isFilled: false,
    refusal: undefined,
    doubt: undefined,
    settledAt: -1,
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
