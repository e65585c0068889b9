import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AuthError } from '../core/index.ts';
import { readCompactJws } from '../core/internal.ts';
import type { CookieAuthenticator } from './authenticator.ts';
import { notForCaches, OPEN, type Place, type SessionContext } from './context.ts';
import { readCookie, readCookies } from './cookies.ts';
import { endSession, NOT_TOLD, warn } from './end-session.ts';
import { assertSameOrigin } from './same-origin.ts';
import type { LiveSession } from './session-keeper.ts';

/** `GET /auth/session` and `POST /auth/logout`. */
export function addSessionRoutes(
  app: FastifyInstance,
  context: SessionContext,
  placeOf: (request: FastifyRequest) => Place,
  authenticate: CookieAuthenticator,
): void {
  const { options, keeper } = context;
  app.get(`${options.prefix}/session`, OPEN, async (request, reply) => {
    notForCaches(reply);
    // A page may ask as often as it likes: only what its person does keeps the session from ending.
    const principal = await authenticate(request, reply, false);
    const session = principal === null ? null : await readSession(context, placeOf(request), request);
    if (principal === null || session === null) return { authenticated: false };
    const { idle, absolute } = await keeper.endsAt(session);
    return {
      authenticated: true,
      user: { preferred_username: principal.username, email: principal.email, full_name: principal.name },
      idle_expires_at: Math.floor(idle / 1000),
      expires_at: Math.floor(absolute / 1000),
    };
  });

  app.register(async (scope) => {
    // A form without fields; what is in a body is not read.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: 16 * 1024 }, (_request, _body, done) =>
      done(null, undefined),
    );
    scope.post(`${options.prefix}/logout`, OPEN, (request, reply) =>
      signOut(context, placeOf(request), request, reply),
    );
  });
}

/**
 * RP-initiated logout: the session ends here, then the browser goes to Keycloak and comes back. Nothing that is broken
 * keeps anybody signed in: there is no second try, for the cookie goes first.
 */
async function signOut(context: SessionContext, place: Place, request: FastifyRequest, reply: FastifyReply) {
  const { options, keeper } = context;
  const { cookies } = place;
  notForCaches(reply);
  assertFromHere(request, place, options);
  const home = `${place.baseUrl}${options.afterLogout}`;
  const named = new Set(readCookies(request.raw.headers.cookie, cookies.session));
  const ours = [...named].filter(keeper.isOurs);
  // Of another app, or of nobody: not ours to take away.
  if (ours.length === 0) return reply.redirect(home, 303);
  reply.header('set-cookie', cookies.clear(cookies.session));

  const idTokens = await Promise.all(ours.map((cookie) => endByCookie(context, cookie, request)));
  // Without the one ID token Keycloak asks the person: whoever signs out of what is over already may be signed in there.
  const idToken = (idTokens.length === 1 && idTokens[0]) || undefined;
  const url = await options.client
    .endSessionUrl({ idToken, postLogoutRedirectUri: home })
    // Keycloak is down: here the person is signed out all the same.
    .catch(() => home);
  return reply.redirect(url, 303);
}

/** @returns the ID token, where it is known */
async function endByCookie(
  context: SessionContext,
  cookie: string,
  request: FastifyRequest,
): Promise<string | null> {
  const { keeper } = context;
  const session = await keeper.peek(cookie).catch(() => keeper.atHand(cookie));
  if (session === null) await endUnread(context, cookie, request);
  else await endWithTokens(context, session, request);
  return session?.record.idToken ?? null;
}

/** It is over already, or cannot be read while the store is away. */
async function endUnread(
  { keeper, options }: SessionContext,
  cookie: string,
  request: FastifyRequest,
): Promise<void> {
  if (await keeper.end(cookie)) return;
  warn(request, { code: 'session_store_unavailable', reason: NOT_TOLD });
  options.tell('ended', 'logout', request);
}

async function endWithTokens(
  context: SessionContext,
  session: LiveSession,
  request: FastifyRequest,
): Promise<void> {
  const [ended, refused] = await Promise.allSettled([
    endSession(context, session, 'logout', request),
    refuseItsTokens(context, session),
  ]);
  if (refused.status === 'rejected') warn(request, refused.reason);
  const isTold = ended.status === 'fulfilled' && ended.value;
  const { refreshToken } = session.record;
  // Another process could go on with it until the store is back: Keycloak ends it now, not when the browser gets there.
  if (!isTold && refreshToken !== null) await context.options.client.logout(refreshToken).catch(() => {});
}

function assertFromHere(
  request: FastifyRequest,
  { origin }: Place,
  { tell }: SessionContext['options'],
): void {
  try {
    assertSameOrigin(request.raw, origin);
  } catch (error) {
    tell('logout_refused', (error as AuthError).code, request);
    throw error;
  }
}

async function readSession({ keeper }: SessionContext, { cookies }: Place, request: FastifyRequest) {
  const cookie = readCookie(request.raw.headers.cookie, cookies.session);
  return cookie === undefined ? null : keeper.peek(cookie);
}

/** Whoever took a token with them has no use of it. */
async function refuseItsTokens({ verifier }: SessionContext, { record }: LiveSession): Promise<void> {
  const { iss, sid } = readCompactJws(record.accessToken).payload();
  const member = verifier.members.find(({ issuer }) => issuer.current?.issuer === iss);
  if (typeof iss === 'string' && typeof sid === 'string') {
    await member?.revoke({ type: 'session', issuer: iss, sessionId: sid });
  }
}
