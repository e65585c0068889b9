import { ClientError } from '../../client/index.ts';
import type { AuthError } from '../../core/index.ts';
import { headerOf, readCompactJws, selectByIssuer } from '../../core/internal.ts';
import { loginPathOf, type SessionContext } from '../context.ts';
import { readCookies } from '../cookie/cookies.ts';
import { redirectTo, type SessionAnswer, toFailureAnswer } from '../http/answer.ts';
import { assertSameOrigin, logOf, parameterOf, type SessionRequest } from '../http/request.ts';
import type { LiveSession } from '../record/record.ts';

/** Ends a session, reports it, and logs if the store does not answer; then it resolves to false. */
export async function endSession(
  { keeper, options }: SessionContext,
  session: LiveSession,
  reason: string,
  request: SessionRequest,
): Promise<boolean> {
  const isStored = await keeper.end(session.cookie);
  if (!isStored) warn(request, { code: 'session_store_unavailable', reason: STORE_IS_BEHIND });
  options.emit('ended', reason, request, session.record.accessToken);
  return isStored;
}

function warn(request: SessionRequest, { code, reason }: Pick<AuthError, 'code' | 'reason'>): void {
  logOf(request).warn({ reqId: request.id, code }, reason);
}

const STORE_IS_BEHIND =
  'A session has ended here; the session store does not answer, and will be updated when it is back';

/**
 * RP-initiated logout, or less or more of it: with `?scope=app` Keycloak's session goes on, with `?scope=everywhere` the person's
 * sessions on other devices end, too. Otherwise: the session ends here, then the browser goes to Keycloak and comes back. Nothing that is broken
 * keeps anybody signed in: there is no second try, for the cookie goes first.
 *
 * @throws {AuthError} `cross_origin_request`
 */
export async function signOut(
  context: SessionContext,
  request: SessionRequest,
  toAccessToken: () => Promise<string | null>,
): Promise<SessionAnswer> {
  const { options, keeper } = context;
  const address = context.addressOf(request);
  const { origin, baseUrl, cookies } = address;
  const scope = parameterOf(request.url, 'scope');
  assertFromHere(request, origin, options);
  const home = `${baseUrl}${options.afterLogout}`;
  const candidates = new Set(readCookies(headerOf(request.headers, 'cookie'), cookies.session));
  const ours = [...candidates].filter(keeper.isOurs);
  // Another application's: leave it.
  if (ours.length === 0) return redirectTo(home);

  const areOthersOver = scope !== 'everywhere' || (await endOthers(context, request, toAccessToken));
  const isOfAppAlone = scope === 'app';
  // A page that says what lives on stands between the browser and Keycloak.
  const how = { isOfAppAlone, endsAtKeycloak: !areOthersOver };
  const ended = await Promise.all(ours.map((cookie) => endByCookie(context, cookie, request, how)));
  const cleared = [cookies.clear(cookies.session)];
  if (isOfAppAlone) return redirectTo(home, cleared);
  const loginPath = loginPathOf(options, address);
  if (!areOthersOver && ended.every(({ isOverAtKeycloak }) => isOverAtKeycloak))
    return toFailureAnswer(request, 'others_signed_in', loginPath, cleared);
  // Without the one ID token Keycloak asks the person: a person whose session here is over may still be signed in there.
  const idToken = (ended.length === 1 && ended[0]?.idToken) || undefined;
  const url = await options.client
    .endSessionUrl({ idToken, postLogoutRedirectUri: home })
    // Keycloak is down: here the person is signed out all the same.
    .catch(() => undefined);
  if (areOthersOver) return redirectTo(url ?? home, cleared);
  if (url === undefined) return toFailureAnswer(request, 'others_signed_in', loginPath, cleared);
  return toFailureAnswer(request, 'all_signed_in', url, cleared);
}

/** Ends the person's sessions on other devices. @returns whether they are over */
async function endOthers(
  context: SessionContext,
  request: SessionRequest,
  toAccessToken: () => Promise<string | null>,
): Promise<boolean> {
  try {
    const accessToken = await toAccessToken();
    if (accessToken === null) return false;
    await context.options.client.endOtherSessions(accessToken);
    return true;
  } catch (err) {
    const isDenied = err instanceof ClientError && err.answerStatus === 403;
    const why = isDenied ? NO_ROLE : (err as Error).message;
    logOf(request).error(
      { reqId: request.id, err },
      `the sessions on other devices could not be ended: ${why}`,
    );
    return false;
  }
}

const NO_ROLE = 'the user needs the role manage-account of the client account';

interface HowToEnd {
  readonly isOfAppAlone: boolean;
  /** Whether Keycloak is told now, and not by the browser that comes to it. */
  readonly endsAtKeycloak: boolean;
}

async function endByCookie(
  context: SessionContext,
  cookie: string,
  request: SessionRequest,
  how: HowToEnd,
): Promise<{ readonly idToken: string | null; readonly isOverAtKeycloak: boolean }> {
  const { keeper } = context;
  const session = await keeper.peek(cookie).catch(() => keeper.atHand(cookie));
  if (session !== null) {
    const isOverAtKeycloak = await endWithTokens(context, session, request, how);
    return { idToken: session.record.idToken, isOverAtKeycloak };
  }
  await endUnread(context, cookie, request);
  return { idToken: null, isOverAtKeycloak: false };
}

/** It is over already, or cannot be read while the store is away. */
async function endUnread(
  { keeper, options }: SessionContext,
  cookie: string,
  request: SessionRequest,
): Promise<void> {
  if (await keeper.end(cookie)) return;
  warn(request, { code: 'session_store_unavailable', reason: STORE_IS_BEHIND });
  options.emit('ended', 'logout', request);
}

/** @returns whether Keycloak has ended its session, too */
async function endWithTokens(
  context: SessionContext,
  session: LiveSession,
  request: SessionRequest,
  { isOfAppAlone, endsAtKeycloak }: HowToEnd,
): Promise<boolean> {
  const [ended, refused] = await Promise.allSettled([
    endSession(context, session, 'logout', request),
    refuseItsTokens(context, session, isOfAppAlone),
  ]);
  if (refused.status === 'rejected') warn(request, refused.reason);
  const isStored = ended.status === 'fulfilled' && ended.value;
  const { refreshToken } = session.record;
  // Another process could use it until the store is back, so Keycloak ends it now, not when the browser arrives.
  if (refreshToken === null || (isStored && !endsAtKeycloak)) return false;
  return context.options.client.logout(refreshToken).then(
    () => true,
    () => false,
  );
}

function assertFromHere(request: SessionRequest, origin: string, { emit }: SessionContext['options']): void {
  try {
    assertSameOrigin(request, origin);
  } catch (error) {
    emit('logout_refused', (error as AuthError).code, request);
    throw error;
  }
}

/** Tokens that were taken along are of no more use. */
async function refuseItsTokens(
  { verifier }: SessionContext,
  { record }: LiveSession,
  isOfAppAlone: boolean,
): Promise<void> {
  const { iss, sid, jti } = readCompactJws(record.accessToken).payload();
  const member = selectByIssuer(verifier.members, record.accessToken);
  if (isOfAppAlone) {
    // Keycloak's session goes on, with the tokens that other applications have of it.
    if (typeof iss === 'string' && typeof jti === 'string')
      await member.revoke({ type: 'token', issuer: iss, tokenId: jti });
  } else if (typeof iss === 'string' && typeof sid === 'string') {
    await member.revoke({ type: 'session', issuer: iss, sessionId: sid });
  }
}
