import type { AppClaims } from './claims.ts';
import { readBearerToken } from './credentials.ts';
import type { Principal } from './principal.ts';
import type { RequestLike } from './request.ts';
import type { Verifier } from './verifier.ts';

/**
 * The principal of a request: the one call every adapter makes. At once when the token is known, as a promise
 * otherwise.
 *
 * @throws {AuthError} (or rejects with one) with everything an answer needs: `statusCode`, `headers`, `detail`
 * @example
 * const principal = await authenticate(verifier, request);
 */
export function authenticate<C extends object = AppClaims>(
  verifier: Pick<Verifier<C>, 'verify'>,
  request: RequestLike,
): Principal<C> | Promise<Principal<C>> {
  return verifier.verify(readBearerToken(request));
}
