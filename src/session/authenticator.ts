import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthError, type Principal } from '../core/index.ts';
import type { SessionAuthenticator } from '../fastify/index.ts';
import type { Place, SessionContext } from './context.ts';
import { readCookie } from './cookies.ts';
import { assertSameOrigin, isHarmless } from './same-origin.ts';
import type { LiveSession } from './session-keeper.ts';

/** Who is calling, by the session cookie. At once where session and token are known, as for a bearer token. */
export function createAuthenticator(
  { keeper, verifier, options }: SessionContext,
  placeOf: (request: FastifyRequest) => Place,
): SessionAuthenticator {
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
    if (!(principal instanceof Promise)) return principal;
    return principal.catch((error: unknown) => whenRefused(error, session, request, reply, isRenewed));
  }

  async function whenRefused(
    error: unknown,
    session: LiveSession,
    request: FastifyRequest,
    reply: FastifyReply,
    isRenewed: boolean,
  ): Promise<Principal | null> {
    if (!(error instanceof AuthError)) throw error;
    if (error.code === 'token_key_unknown') {
      // The key was taken away, or is so new that it may not be asked for yet: neither is the end of the session.
      if (!isRenewed && session.record.refreshToken !== null) {
        return toPrincipal(await keeper.renew(session), request, reply, true);
      }
      throw new AuthError('provider_unavailable', error.reason);
    }
    if (!OVER.has(error.code)) throw error;
    await keeper.end(session);
    options.tell('ended', error.code, request, session.record.accessToken);
    return forget(request, reply);
  }

  function forget(request: FastifyRequest, reply: FastifyReply): null {
    const { cookies } = placeOf(request);
    reply.header('set-cookie', cookies.clear(cookies.session));
    return null;
  }

  return (request, reply) => {
    const header = request.raw.headers.cookie;
    if (header === undefined) return null;
    const { cookies, origin } = placeOf(request);
    const cookie = readCookie(header, cookies.session);
    if (cookie === undefined) return null;
    if (!isHarmless(request.raw)) assertSameOrigin(request.raw, origin);
    const session = keeper.find(cookie);
    return session instanceof Promise
      ? session.then((found) => toPrincipal(found, request, reply))
      : toPrincipal(session, request, reply);
  };
}

/** The session was ended in Keycloak, or its user was: nothing can bring it back. */
const OVER: ReadonlySet<string> = new Set(['token_revoked', 'token_expired']);
