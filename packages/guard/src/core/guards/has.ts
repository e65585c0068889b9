import { isAuthError } from '../http/errors.ts';
import type { AppClaims } from '../principal/claims.ts';
import type { Principal } from '../principal/principal.ts';
import type { SignInRules } from './required-sign-in.ts';
import { type Requirements, toGuard } from './requirements.ts';

/**
 * Whether a principal meets requirements: a yes or no for a template, a resolver, a field of an answer.
 *
 * @param clientId the client that `clientRole` means where it names none
 * @param signInRules how `acr` and `maxAge` are judged
 * @returns false for `null`
 * @throws {OptionsError} as `toGuard` does
 * @example
 * const mayDelete = has(request.principal, { realmRole: 'admin' });
 */
export function has<C extends object = AppClaims>(
  principal: Principal<C> | null | undefined,
  requirements: Requirements<C>,
  clientId = '',
  signInRules: SignInRules = {},
): boolean {
  // Built each time: it costs less than a microsecond, and the object may have changed.
  const guard = toGuard(requirements, clientId, signInRules);
  if (principal === null || principal === undefined) return false;
  try {
    guard(principal);
    return true;
  } catch (error) {
    if (isAuthError(error)) return false;
    throw error;
  }
}
