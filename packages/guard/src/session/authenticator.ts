import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthError, type Principal } from '../core/index.ts';
import { notForCaches, type Place, type SessionContext } from './context.ts';
import { readCookie } from './cookies.ts';
import { endSession } from './end-session.ts';
import { assertSameOrigin, isHarmless } from './same-origin.ts';
import type { LiveSession } from './session-keeper.ts';

/**
 * Who is calling, by the session cookie.
 *
 * @param isUse whether the session's idle time begins anew. Default true
 */
export type CookieAuthenticator = (
  request: FastifyRequest,
  reply: FastifyReply,
  isUse?: boolean,
) => Principal | null | Promise<Principal | null>;

/** At once where session and token are known, as for a bearer token. */
export function createAuthenticator(
  context: SessionContext,
  placeOf: (request: FastifyRequest) => Place,
): CookieAuthenticator {
  const { keeper, verifier } = context;

  function toPrincipal(
    session: LiveSession | null,
    request: FastifyRequest,
    reply: FastifyReply,
    isRenewed = false,
  ): Principal | null | Promise<Principal | null> {
    if (session === null) return forget(request, reply);
    let principal: Principal | Promise<Principal>;
    try {
      principal = verifier.verify(session.record.accessToken);
    } catch (error) {
      return whenRefused(error, session, request, reply, isRenewed);
    }
    if (!(principal instanceof Promise)) {
      signAnew(session, request, reply);
      return principal;
    }
    return principal.then(
      (found) => {
        signAnew(session, request, reply);
        return found;
      },
      (error: unknown) => whenRefused(error, session, request, reply, isRenewed),
    );
  }

  async function whenRefused(
    error: unknown,
    session: LiveSession,
    request: FastifyRequest,
    reply: FastifyReply,
    isRenewed: boolean,
  ): Promise<Principal | null> {
    if (!(error instanceof AuthError)) throw error;
    const canRenew = session.record.refreshToken !== null;
    if (WORTH_RENEWING.has(error.code) && canRenew && !isRenewed) {
      return toPrincipal(await keeper.renew(session), request, reply, true);
    }
    // The key is so new that it may not be asked for yet: that is not the end of the session.
    if (error.code === 'token_key_unknown') throw new AuthError('provider_unavailable', error.reason);
    // Keycloak says that the session goes on.
    if (error.code === 'token_expired' && canRenew)
      throw new AuthError('provider_misconfigured', CLOCKS_DIFFER);
    if (!OVER.has(error.code)) throw error;
    await endSession(context, session, error.code, request);
    return forget(request, reply);
  }

  function forget(request: FastifyRequest, reply: FastifyReply): null {
    const { cookies } = placeOf(request);
    const cookie = readCookie(request.raw.headers.cookie, cookies.session);
    if (cookie !== undefined && keeper.isOurs(cookie)) {
      reply.header('set-cookie', cookies.clear(cookies.session));
    }
    return null;
  }

  /** So that the secret it was signed with can be taken out of use. */
  function signAnew({ newCookie }: LiveSession, request: FastifyRequest, reply: FastifyReply): void {
    if (newCookie === null) return;
    const { cookies } = placeOf(request);
    // A cache that kept it would hand the session out to others.
    notForCaches(reply);
    reply.header('set-cookie', cookies.set(cookies.session, newCookie));
  }

  return (request, reply, isUse) => {
    const header = request.raw.headers.cookie;
    if (header === undefined) return null;
    const { cookies, origin } = placeOf(request);
    const cookie = readCookie(header, cookies.session);
    if (cookie === undefined) return null;
    if (!isHarmless(request.raw)) assertSameOrigin(request.raw, origin);
    const session = keeper.find(cookie, isUse);
    return session instanceof Promise
      ? session.then((found) => toPrincipal(found, request, reply))
      : toPrincipal(session, request, reply);
  };
}

/** A new token may be good: the key was taken away, or the clock here is ahead of Keycloak's. */
const WORTH_RENEWING: ReadonlySet<string> = new Set(['token_key_unknown', 'token_expired']);
/** The session was ended in Keycloak, or its user was: nothing can bring it back. */
const OVER: ReadonlySet<string> = new Set(['token_revoked', 'token_expired']);
const CLOCKS_DIFFER =
  'A token that Keycloak has just issued counts as expired: compare the clocks of this machine and of Keycloak';
