import { AuthorizationError, ClientError } from '../../client/index.ts';
import { isAuthError, type Principal, requireSignIn } from '../../core/index.ts';
import {
  actingFor,
  headerOf,
  isOrigin,
  isPrincipal,
  KEPT,
  NO_PRINCIPAL,
  toJsonAnswer,
} from '../../core/internal.ts';
import { loginPathOf, type SessionContext, sessionCookieOf } from '../context.ts';
import {
  type LoginFailure,
  NOT_FOR_CACHES,
  redirectTo,
  type SessionAnswer,
  toConfirmation,
  toFailureAnswer,
} from '../http/answer.ts';
import { isScript, logOf, parameterOf, queryOf, type SessionRequest, toReturnPath } from '../http/request.ts';
import { NOT_SILENTLY, toAuthorizationParameters } from './parameters.ts';
import { endSession } from './sign-out.ts';
import {
  activeOf,
  mustConfirm,
  organizationIn,
  readStepUp,
  STEP_UP,
  toOrganizationScope,
  toSignInParameters,
} from './step-up.ts';
import { cookieNameOf, issueTicket, type LoginTicket, readTicket, TICKET_SECONDS } from './ticket.ts';

/** Begins the authorization code flow with PKCE: to Keycloak. */
export async function startLogin(context: SessionContext, request: SessionRequest): Promise<SessionAnswer> {
  const { options, sealer } = context;
  if (isScript(request)) return toJsonAnswer(401, NOT_FOR_CACHES, { detail: 'Open this address as a page' });
  const address = context.addressOf(request);
  const home = `${address.path}/`;
  const redirectUri = `${address.baseUrl}${options.prefix}/callback`;
  // Without a public URL it is made of `Host`, and nothing could come back where that is not an address.
  if (!isOrigin(address.origin)) return fail(context, request, 'bad_address');
  const { signIn, organization = organizationIn(context, request.url) } = readStepUp(context, request.url);
  if (organization !== undefined && (await mustConfirm(context, request, organization)))
    return confirm(context, request, organization);
  const fromRequest = await toAuthorizationParameters(options, request);
  // The demand of a guard wins.
  const parameters = { ...fromRequest, ...(signIn && toSignInParameters(signIn)) };
  let started: Awaited<ReturnType<typeof options.client.startAuthorization>>;
  try {
    const scope = toOrganizationScope(options.scope, organization);
    started = await options.client.startAuthorization({ redirectUri, scope, parameters });
  } catch (error) {
    return fail(context, request, toFailure(error, request));
  }
  const { url, ...secrets } = started;
  const ticket: LoginTicket = {
    ...secrets,
    redirectUri,
    signIn,
    organization,
    isSilent: parameters.prompt === 'none',
    returnTo: toReturnPath(parameterOf(request.url, 'return_to'), address.origin, home),
    expiresAt: options.clock() + TICKET_SECONDS * 1000,
  };
  const header = headerOf(request.headers, 'cookie');
  return redirectTo(url, issueTicket(sealer, address.cookies, header, ticket, home));
}

/** Ends the flow: back from Keycloak, with a session. */
export async function finishLogin(context: SessionContext, request: SessionRequest): Promise<SessionAnswer> {
  const { options, sealer, keeper, verifier } = context;
  const { cookies, origin } = context.addressOf(request);
  const header = headerOf(request.headers, 'cookie');
  const state = parameterOf(request.url, 'state');
  const ticket = state === undefined ? null : readTicket(sealer, cookies, header, state, options.clock());
  if (ticket === null) return fail(context, request, 'not_yours');

  // Valid once, even if the login fails.
  const used = cookies.clear(cookieNameOf(cookies, ticket.state));
  let cookie: string;
  try {
    const tokens = await options.client.finishAuthorization({
      ...ticket,
      callbackUrl: `${ticket.redirectUri}${queryOf(request.url)}`,
    });
    // A token that a guard would refuse gets no session.
    const principal: unknown = await verifier.verify(tokens.accessToken, KEPT);
    if (!isPrincipal(principal)) throw new TypeError(NO_PRINCIPAL);
    // Keycloak does not report that it ignored the request: the page would be refused again and again.
    if (ticket.signIn !== undefined) requireSignIn(ticket.signIn, verifier.signInRules)(principal);
    const active = context.hasOrganizations ? activeOf(principal, ticket.organization) : undefined;
    if (active === null) return fail(context, request, 'not_member', [used]);
    const caller = context.hasOrganizations ? actingFor(principal, active) : principal;
    if (!(await mayLogIn(context, caller, request))) return fail(context, request, 'denied', [used]);
    await endEarlierSession(context, request);
    const begun = await keeper.begin(tokens, active);
    cookie = begun.cookie;
    for (let i = 0; i < begun.replaced; i++) options.emit('ended', 'replaced', request, tokens.accessToken);
    options.emit('started', 'login', request, tokens.accessToken);
  } catch (error) {
    // No one is signed in, which answers the page's question.
    if (ticket.isSilent && isNotSilently(error)) return redirectTo(`${origin}${ticket.returnTo}`, [used]);
    return fail(context, request, toFailure(error, request, ticket.organization), [used]);
  }
  return redirectTo(`${origin}${ticket.returnTo}`, [used, cookies.set(cookies.session, cookie)]);
}

function isNotSilently(error: unknown): boolean {
  return error instanceof AuthorizationError && error.error !== undefined && NOT_SILENTLY.has(error.error);
}

async function mayLogIn(
  { options }: SessionContext,
  principal: Principal,
  request: SessionRequest,
): Promise<boolean> {
  try {
    return (await options.onLogin?.(principal, request.source)) !== false;
  } catch (error) {
    if (!isAuthError(error)) throw error;
    logOf(request).info({ reqId: request.id, code: error.code }, error.reason);
    return false;
  }
}

/** A new login always starts a new session with a new id. */
async function endEarlierSession(context: SessionContext, request: SessionRequest): Promise<void> {
  const cookie = sessionCookieOf(context, request);
  const earlier = cookie === undefined ? null : await context.keeper.peek(cookie);
  if (earlier !== null) await endSession(context, earlier, 'replaced', request);
}

/** RFC 6749 §4.1.2.1, OpenID Connect Core 1.0 §3.1.2.6, RFC 8707 §2. Any other may be words of whoever made the URL: it is not logged. */
const ERRORS = [
  ...NOT_SILENTLY,
  ...['access_denied', 'server_error', 'temporarily_unavailable', 'unauthorized_client'],
  ...['invalid_request', 'invalid_request_object', 'invalid_request_uri', 'invalid_scope', 'invalid_target'],
  ...['registration_not_supported', 'request_not_supported', 'request_uri_not_supported'],
  'unsupported_response_type',
];

/** A few words for the person, the cause for the log. */
function toFailure(error: unknown, request: SessionRequest, organization?: string): LoginFailure {
  const reqId = request.id;
  const log = logOf(request);
  if (error instanceof AuthorizationError) {
    if (organization !== undefined && error.error === 'invalid_scope') {
      const cause = `Keycloak refused a scope of this sign-in, which asks for organization:${organization}`;
      log.info({ reqId, fix: NO_ORGANIZATION }, cause);
      return 'not_member';
    }
    log.info({ reqId, seen: ERRORS.find((one) => one === error.error) }, error.message);
    if (error.reason === 'invalid_response') return 'not_yours';
    return error.error === 'access_denied' ? 'cancelled' : 'refused';
  }
  if (error instanceof ClientError) {
    const { id, cause, fix } = error.diagnosis;
    if (error.kind === 'provider_unavailable') {
      log.warn({ reqId, id, fix }, `identity provider unavailable: ${cause}`);
      return 'unavailable';
    }
    if (error.kind === 'client_misconfigured') {
      log.error({ reqId, id, fix }, `login is not available: ${cause}`);
      return 'misconfigured';
    }
    log.warn({ reqId, id, fix }, `the sign-in failed: ${cause}`);
    return 'code_refused';
  }
  if (isAuthError(error)) {
    const { code, expected, seen, reason, statusCode } = error;
    const fields = { reqId, code, expected, seen };
    // That Keycloak itself calls a new token bad may be for good: a fault of the set-up.
    const isRevoked = code === 'token_revoked' && seen?.startsWith('revocation of type');
    if (isRevoked || code === 'token_outdated') {
      log.warn({ ...fields, fix: OF_THE_WHOLE_USER }, `the sign-in failed: ${reason}`);
      return 'code_refused';
    }
    log.error(fields, reason);
    if (code === 'session_store_unavailable') return 'store';
    if (code === 'insufficient_user_authentication') return 'too_weak';
    // A new key is fetched within seconds.
    const isOfAMoment = statusCode === 503 || code === 'token_key_unknown';
    return isOfAMoment ? 'unavailable' : 'misconfigured';
  }
  throw error;
}

const NO_ORGANIZATION =
  'In Keycloak, Organizations: whether one has this alias; npx keycloak-guard setup api --organizations gives the client the client scope organization; else a scope of the sessions that the client lacks, or the feature parameterized-scopes of Keycloak, which refuses all of these';

/** A revocation counts for every token that was issued up to its second. */
const OF_THE_WHOLE_USER =
  'Sign in once more: in the same second the user was changed, or a logout counted for all their sessions; in Keycloak, Backchannel logout session required ON at the client ends one alone; if it goes on: the Not before of the realm and the clocks';

/** A page whose link leads on: another site cannot click it. */
function confirm(
  { options, addressOf }: SessionContext,
  request: SessionRequest,
  organization: string,
): SessionAnswer {
  const parameters = ['return_to', 'organization', STEP_UP].flatMap((name) => {
    const value = parameterOf(request.url, name);
    return value === undefined ? [] : [[name, value]];
  });
  const path = `${loginPathOf(options, addressOf(request))}?${new URLSearchParams(parameters)}`;
  return toConfirmation(organization, path);
}

function fail(
  { options, addressOf }: SessionContext,
  request: SessionRequest,
  failure: LoginFailure,
  setCookies: readonly string[] = [],
): SessionAnswer {
  options.emit('login_failed', failure, request);
  const address = addressOf(request);
  // A new login would drop the organization that the session acts for.
  const path = failure === 'not_member' ? `${address.path}/` : loginPathOf(options, address);
  return toFailureAnswer(request, failure, path, setCookies);
}
