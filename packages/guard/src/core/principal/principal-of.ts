import { AuthError } from '../http/errors.ts';
import type { AppClaims } from './claims.ts';
import type { Principal } from './principal.ts';

/**
 * The caller, behind a guard: never `null`. If no guard ran, or an optional one found no caller, the request is
 * refused.
 *
 * @param request what the adapter set `principal` on: a request of Fastify's or Express's, or Koa's `ctx.state`
 * @throws {AuthError} `missing_token`
 * @example
 * app.get('/hello', { onRequest: app.guard() }, (request) => ({ hello: principalOf(request).username }));
 */
export function principalOf<C extends object = AppClaims>(request: {
  readonly principal?: Principal<C> | null | undefined;
}): Principal<C> {
  if (request.principal) return request.principal;
  throw new AuthError(
    'missing_token',
    'There is no principal: no guard ran here, or an optional one found nobody',
  );
}
