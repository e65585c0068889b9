import type { RequestLike } from './http/request.ts';
import type { AppClaims, Principal } from './principal/principal.ts';
import { createRequestGuard } from './request-guard.ts';
import { ofEach } from './runtime/cache.ts';
import type { TokenVerifier, Verifier } from './verifier.ts';

/** The guard without requirements of each verifier. */
const guardOf = ofEach((verifier: TokenVerifier) =>
  createRequestGuard<RequestLike, null>(verifier, {}, { toRequest: (request) => request }),
);

/**
 * The principal of a request, as a guard without requirements finds it. At once when the token is known, as a promise
 * otherwise. Where the verifier takes tokens that are bound to a key, the DPoP proof is checked: the request needs `method`
 * and `url`, and the verifier should have a `publicUrl`.
 *
 * @throws {AuthError} (or rejects with one) with everything an answer needs: `statusCode`, `headers`, `detail`
 * @example
 * const principal = await authenticate(verifier, request);
 */
export function authenticate<C extends object = AppClaims>(
  verifier: Pick<Verifier<C>, 'verify'> & Partial<Pick<Verifier<C>, 'sender'>>,
  request: RequestLike,
): Principal<C> | Promise<Principal<C>> {
  return guardOf(verifier as never).decide(request, null) as Principal<C> | Promise<Principal<C>>;
}
