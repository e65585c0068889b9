import type { SenderCheck } from './binding/sender-check.ts';
import { DpopCredentials, readCredentials } from './http/credentials.ts';
import { isAuthError } from './http/errors.ts';
import { toRefusal } from './http/refusal.ts';
import type { RequestLike } from './http/request.ts';
import type { AppClaims, Principal } from './principal/principal.ts';
import type { Verifier } from './verifier.ts';

/**
 * The principal of a request: the one call every adapter makes. At once when the token is known, as a promise
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
  const { sender } = verifier;
  const mode = sender?.mode ?? 'off';
  const read = readCredentials(request, mode !== 'off');
  const scheme = read instanceof DpopCredentials ? 'DPoP' : 'Bearer';
  const refuse = (error: unknown): never => {
    throw isAuthError(error) ? toRefusal(error, undefined, sender?.challenged(mode, scheme)) : error;
  };
  try {
    if (read instanceof DpopCredentials) {
      return (sender as SenderCheck).verifyProved(verifier, read.token, request).catch(refuse);
    }
    if (typeof read !== 'string') throw read;
    const result =
      sender === undefined ? verifier.verify(read) : sender.verifyBearer(verifier, read, request, mode);
    return result instanceof Promise ? result.catch(refuse) : result;
  } catch (error) {
    return refuse(error);
  }
}
