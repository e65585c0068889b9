import { isAuthError } from '../http/errors.ts';
import type { AppClaims } from '../principal/claims.ts';
import type { Principal } from '../principal/principal.ts';
import type { Guard } from './guards.ts';
import type { SignInRules } from './required-sign-in.ts';
import { type Requirements, toGuard } from './requirements.ts';

/** Requirements are mostly written where they are used, as one object for all requests. */
const known = new WeakMap<object, Map<string, KnownGuard>>();

interface KnownGuard {
  readonly guard: Guard<never>;
  readonly rules: SignInRules;
}

const NO_RULES: SignInRules = Object.freeze({});

/**
 * Whether somebody meets requirements: a yes or no for a template, a resolver, a field of an answer.
 *
 * @param clientId the client that `clientRole` means where it names none
 * @param signInRules how `acr` and `maxAge` are judged
 * @returns false for nobody (`null`)
 * @throws {OptionsError} for a requirement that is misspelt or empty
 * @example
 * const mayDelete = has(request.principal, { realmRole: 'admin' });
 */
export function has<C extends object = AppClaims>(
  principal: Principal<C> | null | undefined,
  requirements: Requirements<C>,
  clientId = '',
  signInRules = NO_RULES,
): boolean {
  const guard = guardOf(requirements, clientId, signInRules);
  if (principal === null || principal === undefined) return false;
  try {
    guard(principal);
    return true;
  } catch (error) {
    if (isAuthError(error)) return false;
    throw error;
  }
}

function guardOf<C extends object>(
  requirements: Requirements<C>,
  clientId: string,
  rules: SignInRules,
): Guard<C> {
  let guards = known.get(requirements);
  if (guards === undefined) {
    guards = new Map();
    known.set(requirements, guards);
  }
  const before = guards.get(clientId);
  if (before?.rules === rules) return before.guard as Guard<object>;
  const guard = toGuard(requirements, clientId, rules);
  guards.set(clientId, { guard: guard as Guard<never>, rules });
  return guard;
}
