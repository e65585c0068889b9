import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AuthorizationError, ClientError } from '../client/index.ts';
import { AuthError } from '../core/index.ts';
import { notForCaches, OPEN, type Place, type SessionContext } from './context.ts';
import { readCookie } from './cookies.ts';
import { endSession } from './end-session.ts';
import { type LoginFailure, sendLoginFailure } from './login-failure.ts';
import { cookieNameOf, issueTicket, type LoginTicket, readTicket, TICKET_SECONDS } from './login-ticket.ts';
import { toReturnPath } from './return-path.ts';

type PlaceOf = (request: FastifyRequest) => Place;

/** `GET /auth/login` and `GET /auth/callback`: authorization code flow with PKCE. */
export function addLoginRoutes(app: FastifyInstance, context: SessionContext, placeOf: PlaceOf): void {
  const { prefix } = context.options;
  app.get(`${prefix}/login`, OPEN, (request, reply) => startLogin(context, placeOf(request), request, reply));
  app.get(`${prefix}/callback`, { ...OPEN, exposeHeadRoute: false }, (request, reply) =>
    finishLogin(context, placeOf(request), request, reply),
  );
}

async function startLogin(
  context: SessionContext,
  place: Place,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { options, sealer } = context;
  notForCaches(reply);
  const { return_to } = request.query as { return_to?: unknown };
  const redirectUri = `${place.baseUrl}${options.prefix}/callback`;
  // Without a public URL it is made of what is in `Host`, and nothing could come back to what is no URL.
  if (!URL.canParse(redirectUri)) return fail(context, place, request, reply, 'bad_address');
  let started: Awaited<ReturnType<typeof options.client.startAuthorization>>;
  try {
    started = await options.client.startAuthorization({ redirectUri, scope: options.scope });
  } catch (error) {
    return fail(context, place, request, reply, toFailure(error, request));
  }
  const { url, ...secrets } = started;
  const ticket: LoginTicket = {
    ...secrets,
    redirectUri,
    returnTo: toReturnPath(return_to, place.origin, `${place.path}/`),
    expiresAt: options.clock() + TICKET_SECONDS * 1000,
  };
  const cookies = await issueTicket(sealer, place.cookies, request.raw.headers.cookie, ticket);
  for (const cookie of cookies) reply.header('set-cookie', cookie);
  return reply.redirect(url, 303);
}

async function finishLogin(
  context: SessionContext,
  place: Place,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { options, sealer, keeper, verifier } = context;
  notForCaches(reply);
  const { cookies } = place;
  const header = request.raw.headers.cookie;
  const { state } = request.query as { state?: unknown };
  const ticket =
    typeof state === 'string' ? await readTicket(sealer, cookies, header, state, options.clock()) : null;
  if (ticket === null) return fail(context, place, request, reply, 'not_yours');

  // Good once, whatever comes of it.
  reply.header('set-cookie', cookies.clear(cookieNameOf(cookies, ticket.state)));
  let cookie: string;
  try {
    const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
    const tokens = await options.client.finishAuthorization({
      ...ticket,
      callbackUrl: `${ticket.redirectUri}${query}`,
    });
    // A token that a guard would refuse makes no session.
    await verifier.verify(tokens.accessToken);
    await endEarlierSession(context, place, request);
    const begun = await keeper.begin(tokens);
    cookie = begun.cookie;
    for (let i = 0; i < begun.replaced; i++) options.tell('ended', 'replaced', request, tokens.accessToken);
    options.tell('started', 'login', request, tokens.accessToken);
  } catch (error) {
    return fail(context, place, request, reply, toFailure(error, request));
  }
  reply.header('set-cookie', cookies.set(cookies.session, cookie));
  return reply.redirect(`${place.origin}${ticket.returnTo}`, 303);
}

/** A new login is a new session with a new id: what was in the browser before counts for nothing. */
async function endEarlierSession(
  context: SessionContext,
  { cookies }: Place,
  request: FastifyRequest,
): Promise<void> {
  const cookie = readCookie(request.raw.headers.cookie, cookies.session);
  const earlier = cookie === undefined ? null : await context.keeper.peek(cookie);
  if (earlier !== null) await endSession(context, earlier, 'replaced', request);
}

/** For the person a few words, for the log the cause. */
function toFailure(error: unknown, request: FastifyRequest): LoginFailure {
  const reqId = request.id;
  if (error instanceof AuthorizationError) {
    request.log.info({ reqId, reason: error.reason }, error.message);
    if (error.reason === 'invalid_response') return 'not_yours';
    return error.error === 'access_denied' ? 'cancelled' : 'refused';
  }
  if (error instanceof ClientError) {
    const { id, cause, fix } = error.diagnosis;
    if (error.kind === 'provider_unavailable') {
      request.log.warn({ reqId, id, fix }, `identity provider unavailable: ${cause}`);
      return 'unavailable';
    }
    if (error.kind === 'client_misconfigured') {
      request.log.error({ reqId, id, fix }, `login is not available: ${cause}`);
      return 'misconfigured';
    }
    request.log.info({ reqId, id }, 'the code of a login was used before, or expired');
    return 'not_yours';
  }
  if (error instanceof AuthError) {
    request.log.error({ reqId, code: error.code, expected: error.expected, seen: error.seen }, error.reason);
    if (error.code === 'session_store_unavailable') return 'store';
    // A new key is asked for within seconds.
    const isOfAMoment = error.statusCode === 503 || error.code === 'token_key_unknown';
    return isOfAMoment ? 'unavailable' : 'misconfigured';
  }
  throw error;
}

function fail(
  context: SessionContext,
  place: Place,
  request: FastifyRequest,
  reply: FastifyReply,
  failure: LoginFailure,
) {
  context.options.tell('login_failed', failure, request);
  return sendLoginFailure(request, reply, failure, `${place.path}${context.options.prefix}/login`);
}
