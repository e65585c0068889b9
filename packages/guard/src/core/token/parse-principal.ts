import { AuthError } from '../http/errors.ts';
import type { Claims } from '../principal/claims.ts';
import type { Principal } from '../principal/principal.ts';
import { toPrincipal } from '../principal/to-principal.ts';
import type { TokenOptions } from './token-options.ts';

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
  const isPromise = typeof (parsed as PromiseLike<unknown> | undefined | null)?.then === 'function';
  if (isPromise) Promise.resolve(parsed).catch(() => {});
  if (isPromise || typeof parsed !== 'object' || parsed === null) {
    throw new TypeError('parseClaims must return an object, not a promise of one');
  }
}
