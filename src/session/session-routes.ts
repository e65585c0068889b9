import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import type { AuthError } from '../core/index.ts';
import type { SessionAuthenticator } from '../fastify/index.ts';
import { notForCaches, OPEN, type Place, type SessionContext } from './context.ts';
import { readCookie } from './cookies.ts';
import { assertSameOrigin } from './same-origin.ts';
import type { LiveSession } from './session-keeper.ts';

/** `GET /auth/session` and `POST /auth/logout`. */
export function addSessionRoutes(
  app: FastifyInstance,
  context: SessionContext,
  placeOf: (request: FastifyRequest) => Place,
  authenticate: SessionAuthenticator,
): void {
  const { options, keeper } = context;
  app.get(`${options.prefix}/session`, OPEN, async (request, reply) => {
    notForCaches(reply);
    const principal = await authenticate(request, reply);
    const session = principal === null ? null : await readSession(context, placeOf(request), request);
    if (principal === null || session === null) return { authenticated: false };
    const { idle, absolute } = keeper.endsAt(session);
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

/** RP-initiated logout: the session ends here, then the browser goes to Keycloak and comes back. */
async function signOut(context: SessionContext, place: Place, request: FastifyRequest, reply: FastifyReply) {
  const { options, keeper } = context;
  notForCaches(reply);
  assertFromHere(request, place, options);
  const home = `${place.baseUrl}${options.afterLogout}`;
  const session = await readSession(context, place, request);
  reply.header('set-cookie', place.cookies.clear(place.cookies.session));
  if (session === null) return reply.redirect(home, 303);
  // Redis may be away. The cookie goes in any case, so Keycloak has to hear of it in any case: there is no second try.
  const steps = await Promise.allSettled([keeper.end(session), refuseItsTokens(context, session)]);
  for (const step of steps) if (step.status === 'rejected') warn(request, step.reason);
  options.tell('ended', 'logout', request, session.record.accessToken);
  const { idToken } = session.record;
  const url = await options.client
    .endSessionUrl({ idToken: idToken ?? undefined, postLogoutRedirectUri: home })
    // Keycloak is down: here the person is signed out all the same.
    .catch(() => home);
  return reply.redirect(url, 303);
}

function warn(request: FastifyRequest, { code, reason }: AuthError): void {
  request.log.warn({ reqId: request.id, code }, reason);
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
  const { iss, sid } = decodeJwt(record.accessToken);
  const member = verifier.members.find(({ issuer }) => issuer.current?.issuer === iss);
  if (typeof iss === 'string' && typeof sid === 'string') {
    await member?.revoke({ type: 'session', issuer: iss, sessionId: sid });
  }
}
