import { headerOf } from '../core/internal.ts';
import { jsonAnswer, type SessionAnswer } from './answer.ts';
import type { CookieAuthenticator } from './authenticator.ts';
import type { SessionContext } from './context.ts';
import { readCookie } from './cookies.ts';
import type { SessionRequest } from './request.ts';

/** The signed-in user and the session's end, as JSON for the app's own pages. */
export async function describeSession(
  context: SessionContext,
  authenticate: CookieAuthenticator,
  request: SessionRequest,
): Promise<SessionAnswer> {
  // A page may ask as often as it likes: only what the person does keeps the session alive.
  const { principal, setCookies } = await authenticate(request, false);
  const session = principal === null ? null : await readSession(context, request);
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

async function readSession({ keeper, placeOf }: SessionContext, request: SessionRequest) {
  const { cookies } = placeOf(request);
  const cookie = readCookie(headerOf(request.headers, 'cookie'), cookies.session);
  return cookie === undefined ? null : keeper.peek(cookie);
}
