import { AuthError, isAuthError, type Principal } from '../../core/index.ts';
import { actingFor, isPrincipal, isThenable, KEPT, NO_PRINCIPAL } from '../../core/internal.ts';
import { type SessionContext, sessionCookieOf } from '../context.ts';
import {
  FOR_NOBODY,
  FOR_THIS_BROWSER,
  jsonAnswer,
  NOT_FOR_CACHES,
  type SessionAnswer,
} from '../http/answer.ts';
import { assertSameOrigin, isHarmless, type SessionRequest } from '../http/request.ts';
import type { LiveSession } from '../record/record.ts';
import { endSession } from './sign-out.ts';

/** The caller, and headers for every answer. */
export interface SessionPrincipal extends Pick<SessionAnswer, 'headers' | 'setCookies'> {
  /** `null`: no one is signed in. */
  readonly principal: Principal | null;
}

/** @param isUse whether this restarts the session's idle time. Default true */
export type CookieAuthenticator = (
  request: SessionRequest,
  isUse?: boolean,
) => SessionPrincipal | Promise<SessionPrincipal>;

const NO_COOKIES: readonly string[] = Object.freeze([]);
/** No one is signed in. Frozen: every request without a session gets the same. */
export const NOBODY: SessionPrincipal = Object.freeze({
  principal: null,
  headers: Object.freeze(FOR_NOBODY),
  setCookies: NO_COOKIES,
});

/** At once where session and token are known, as for a bearer token. */
export function createAuthenticator(context: SessionContext): CookieAuthenticator {
  const { keeper, verifier, addressOf } = context;

  function toPrincipal(
    session: LiveSession | null,
    request: SessionRequest,
    isRenewed = false,
  ): SessionPrincipal | Promise<SessionPrincipal> {
    if (session === null) return forget(request);
    let principal: unknown;
    try {
      principal = verifier.verify(session.record.accessToken, KEPT);
    } catch (error) {
      return whenRefused(error, session, request, isRenewed);
    }
    if (!isThenable(principal)) return admit(principal, session);
    return Promise.resolve(principal).then(
      (verified: unknown) => admit(verified, session),
      (error: unknown) => whenRefused(error, session, request, isRenewed),
    );
  }

  async function whenRefused(
    error: unknown,
    session: LiveSession,
    request: SessionRequest,
    isRenewed: boolean,
  ): Promise<SessionPrincipal> {
    if (!isAuthError(error)) throw error;
    const canRenew = session.record.refreshToken !== null;
    if (WORTH_RENEWING.has(error.code) && canRenew && !isRenewed) {
      return toPrincipal(await keeper.renew(session), request, true);
    }
    // The key is so new that it was not fetched yet: that is not the end of the session.
    if (error.code === 'token_key_unknown') throw new AuthError('provider_unavailable', error.reason);
    // Keycloak says that the session continues.
    if (error.code === 'token_expired' && canRenew)
      throw new AuthError('provider_misconfigured', CLOCKS_DIFFER);
    if (!OVER.has(error.code)) throw error;
    await endSession(context, session, error.code, request);
    return forget(request);
  }

  function forget(request: SessionRequest): SessionPrincipal {
    const cookie = sessionCookieOf(context, request);
    if (cookie === undefined || !keeper.isOurs(cookie)) return NOBODY;
    const { cookies } = addressOf(request);
    // If a cache kept it, it would sign out other users.
    return { principal: null, headers: NOT_FOR_CACHES, setCookies: [cookies.clear(cookies.session)] };
  }

  /** An application may bring its own verifier: only a principal signs in. */
  function admit(verified: unknown, { record }: LiveSession): SessionPrincipal {
    if (!isPrincipal(verified)) throw new TypeError(NO_PRINCIPAL);
    const principal = context.hasOrganizations ? actingFor(verified, record.organization) : verified;
    return { principal, headers: FOR_THIS_BROWSER, setCookies: NO_COOKIES };
  }

  return (request, isUse) => {
    const cookie = sessionCookieOf(context, request);
    if (cookie === undefined) return NOBODY;
    if (!isHarmless(request)) assertSameOrigin(request, addressOf(request).origin);
    const session = keeper.find(cookie, isUse);
    return isThenable(session)
      ? session.then((loaded) => toPrincipal(loaded, request))
      : toPrincipal(session, request);
  };
}

/** A new token may be good: the key or a role was taken away, or the clock here is ahead of Keycloak's. */
const WORTH_RENEWING: ReadonlySet<string> = new Set(['token_key_unknown', 'token_expired', 'token_outdated']);
/** The session was ended in Keycloak, or its user was: nothing can bring it back. */
const OVER: ReadonlySet<string> = new Set(['token_revoked', 'token_expired']);
const CLOCKS_DIFFER =
  'A token that Keycloak has just issued counts as expired: compare the clocks of this machine and of Keycloak';

export async function accessTokenOf(
  context: SessionContext,
  authenticate: CookieAuthenticator,
  request: SessionRequest,
): Promise<string | null> {
  // This renews and ends sessions as needed.
  const { principal } = await authenticate(request);
  if (principal === null) return null;
  const cookie = sessionCookieOf(context, request);
  const session = cookie === undefined ? null : await context.keeper.find(cookie);
  return session?.record.accessToken ?? null;
}

/** The signed-in user and the session's end, as JSON for the app's own pages. */
export async function describeSession(
  context: SessionContext,
  authenticate: CookieAuthenticator,
  request: SessionRequest,
): Promise<SessionAnswer> {
  // A page may ask as often as it likes: only what the person does keeps the session alive.
  const { principal, setCookies } = await authenticate(request, false);
  const cookie = sessionCookieOf(context, request);
  const session = principal === null || cookie === undefined ? null : await context.keeper.peek(cookie);
  if (principal === null || session === null) return jsonAnswer({ authenticated: false }, setCookies);
  const { idle, absolute } = await context.keeper.endsAt(session);
  const description = {
    authenticated: true,
    user: { preferred_username: principal.username, email: principal.email, full_name: principal.name },
    ...(context.hasOrganizations && {
      organization: principal.tenant ?? null,
      organizations: principal.organizations.map(({ alias }) => alias),
    }),
    idle_expires_at: Math.floor(idle / 1000),
    expires_at: Math.floor(absolute / 1000),
  };
  return jsonAnswer(description, setCookies);
}
