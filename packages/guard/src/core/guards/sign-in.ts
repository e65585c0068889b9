import type { RequiredSignIn } from '../http/challenge.ts';
import { AuthError } from '../http/errors.ts';
import { isPlainObject, type OptionRule } from '../options/check-options.ts';
import { assertSomebody, type Guard, GuardError } from './guards.ts';

/** Values of `acr`, each with its number, as in Keycloak's "ACR to LoA Mapping". */
export type AcrLevels = { readonly [acr: string]: number };

export const ACR_LEVELS: OptionRule = {
  rule: 'must be an object with the number of each value of acr',
  example: '{ silver: 1, gold: 2 }',
  accepts: (value) => {
    const entries = isPlainObject(value) ? Object.entries(value) : [];
    return entries.length > 0 && entries.every(([acr, level]) => isAcr(acr) && Number.isSafeInteger(level));
  },
};

/** A value of `acr`: stands in a list that is separated by spaces, between quotes. */
function isAcr(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value);
}

/** The strength of an `acr`; `undefined` if unknown. Keycloak writes the number itself if the request asked for that. */
function levelOf(acr: string, levels: AcrLevels): number | undefined {
  if (Object.hasOwn(levels, acr)) return levels[acr];
  return /^\d{1,9}$/.test(acr) ? Number(acr) : undefined;
}

/** How a sign-in is judged. */
export interface SignInRules {
  readonly acrLevels?: AcrLevels | undefined;
  /** Time now. Unit: milliseconds since 1970. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
  /** Tolerated difference between the clocks here and at Keycloak. Unit: seconds. Default 5. */
  readonly clockToleranceSeconds?: number | undefined;
}

/**
 * Passes only if the person signed in as strongly and as recently as required. The challenge of a refusal says what to ask
 * Keycloak for (RFC 9470 §3). Tokens without `acr` or `auth_time`, for example of password grants and service accounts, do
 * not pass.
 *
 * @throws {AuthError} `insufficient_user_authentication`
 * @throws {TypeError} at once for a requirement that is wrong
 * @example
 * requireSignIn({ acr: ['gold'], maxAge: 300 })(principal);
 */
export function requireSignIn(required: RequiredSignIn, rules: SignInRules = {}): Guard<object> {
  const { acr, maxAge } = isPlainObject(required) ? (required as RequiredSignIn) : {};
  if (acr === undefined && maxAge === undefined) throw new GuardError('sign-in', 'must have acr or maxAge');
  if (acr !== undefined) assertAcr(acr, rules.acrLevels);
  if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && maxAge >= 0)) {
    throw new GuardError('maxAge', 'must be whole seconds, 0 or more');
  }
  const texts = [
    ...(acr === undefined ? [] : [`acr ${acr.join(' or ')}`]),
    ...(maxAge === undefined ? [] : [`at most ${maxAge} seconds ago`]),
  ];
  const isStrongEnough = acr === undefined ? () => true : toStrength(acr, rules.acrLevels);
  const { clock = () => Date.now(), clockToleranceSeconds = 5 } = rules;

  function refuse(what: string, seen: string): AuthError {
    return new AuthError('insufficient_user_authentication', `The sign-in was ${what} for this`, {
      expected: texts.join(', '),
      seen,
      signIn: required,
    });
  }

  return (principal) => {
    assertSomebody(principal);
    const { acr: seen, authenticatedAt } = principal;
    if (!isStrongEnough(seen ?? undefined)) throw refuse('too weak', `acr ${seen ?? 'missing'}`);
    if (maxAge === undefined) return;
    const age = clock() / 1000 - (authenticatedAt ?? Number.NEGATIVE_INFINITY);
    if (age <= maxAge + clockToleranceSeconds && age >= -clockToleranceSeconds) return;
    throw refuse('too long ago', `auth_time ${authenticatedAt ?? 'missing'}`);
  };
}

function assertAcr(acr: readonly string[], levels: AcrLevels | undefined): void {
  if (!Array.isArray(acr) || acr.length === 0 || !acr.every(isAcr)) {
    throw new GuardError('acr', 'must be a non-empty value of acr without spaces, or a list of them');
  }
  const unknown = levels && acr.find((one) => levelOf(one, levels) === undefined);
  if (unknown !== undefined)
    throw new GuardError('acr', `must be a value of acr in acrLevels, not ${unknown}`);
}

function toStrength(acr: readonly string[], levels: AcrLevels | undefined) {
  if (levels === undefined) return (seen: string | undefined) => seen !== undefined && acr.includes(seen);
  const lowest = Math.min(...acr.map((one) => levelOf(one, levels) as number));
  return (seen: string | undefined) => {
    const level = seen === undefined ? undefined : levelOf(seen, levels);
    return level !== undefined && level >= lowest;
  };
}
