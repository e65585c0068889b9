import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ValidAuthRequest } from '../browser/auth-request.ts';
import { browserIdOf, setBrowserId, signedIn, signIn } from '../browser/cookies.ts';
import type { PendingLogin } from '../browser/pending.ts';
import { respond } from '../browser/respond.ts';
import { recordSession } from '../events/event-log.ts';
import { queryOf } from '../http/bodies.ts';
import { issuerOf, noStore, redirectTo } from '../http/headers.ts';
import { sendErrorPage, sendLoginPage, sendOrganizationPage } from '../pages/pages.ts';
import type { Provider } from '../provider/provider.ts';
import type { Exchange } from '../provider/route.ts';
import type { Realm } from '../realm/realm.ts';
import { membershipsOf, type User } from '../realm/user.ts';
import type { Session } from '../sessions/sessions.ts';
import { mustChooseOrganization } from '../tokens/organization-scope.ts';

// Where the steps of a login are.

export function authenticateUrl(issuer: string, { tabId, request: { client } }: PendingLogin): string {
  const query = new URLSearchParams({ client_id: client.clientId, tab_id: tabId });
  return `${issuer}/login-actions/authenticate?${query}`;
}

function loginQuery({ sessionCode, tabId, request }: PendingLogin): string {
  return String(
    new URLSearchParams({ session_code: sessionCode, client_id: request.client.clientId, tab_id: tabId }),
  );
}

export function requiredActionUrl(issuer: string, login: PendingLogin, user: User): string {
  const execution = encodeURIComponent(user.requiredActions[0] ?? '');
  return `${issuer}/login-actions/required-action?execution=${execution}&${loginQuery(login)}`;
}

export function consentUrl(issuer: string, login: PendingLogin): string {
  return `${issuer}/login-actions/consent?${loginQuery(login)}`;
}

const NO_COOKIE =
  'Restart login cookie not found. It may have expired; it may have been deleted or cookies are disabled in ' +
  'your browser. If cookies are disabled then enable them. Click Back to Application to login again.';

/** A longer list helps nobody. */
const MOST_USERS = 20;

/** The login page of the browser's cookie and the URL. */
export function pendingLogin({ logins }: Provider, request: FastifyRequest): PendingLogin | undefined {
  return logins.find(browserIdOf(request), queryOf(request).get('tab_id') ?? '');
}

export function sendNoLogin({ realm }: Provider, reply: FastifyReply) {
  noStore(reply);
  return sendErrorPage(reply, realm.displayName, NO_COOKIE);
}

export function showLogin(
  exchange: Exchange,
  login: PendingLogin,
  again: { username?: string; error?: string } = {},
) {
  const { provider, request, reply } = exchange;
  provider.logins.renew(login);
  const { realm } = provider;
  const { reauthenticate, request: authRequest } = login;
  const action = `${issuerOf(request)}/login-actions/authenticate?${loginQuery(login)}`;
  const isNameFirst = realm.settings.organizationsEnabled === true;
  const hint = isNameFirst ? (reauthenticate ?? knownHint(realm, authRequest.loginHint)) : undefined;
  if (hint !== undefined) login.username ??= hint;
  const user = realm.userByLogin(login.username ?? reauthenticate ?? '');
  if (isNameFirst && user && !login.organization && mustChooseOrganization(realm, authRequest.scope, user))
    return sendOrganizationPage(reply, {
      ...{ realmName: realm.displayName, action, username: user.username },
      organizations: membershipsOf(realm.settings, user),
    });
  const username = again.username ?? login.username ?? reauthenticate ?? authRequest.loginHint;
  return sendLoginPage(reply, {
    realmName: realm.displayName,
    action,
    asks: !isNameFirst ? 'both' : login.username === undefined ? 'username' : 'password',
    rememberMe: realm.settings.rememberMe === true && reauthenticate === undefined,
    users: provider
      .openUsers()
      .filter((one) => user === undefined || one === user)
      .slice(0, MOST_USERS)
      .map((one) => one.username),
    ...(username === undefined ? {} : { username }),
    ...(again.error === undefined ? {} : { error: again.error }),
    ...(reauthenticate === undefined ? {} : { heading: 'Please re-authenticate to continue' }),
  });
}

/** The name of a hint, if there is such a user. */
const knownHint = (realm: Realm, hint = ''): string | undefined =>
  realm.userByLogin(hint) === undefined ? undefined : hint;

/** Sends the client a code. @param organization alias of the organization that the person chose */
export function sendCode(
  exchange: Exchange,
  authRequest: ValidAuthRequest,
  session: Session,
  organization?: string,
) {
  const { provider, request, reply } = exchange;
  provider.sessions.touch(session, authRequest.client);
  recordSession(provider, 'LOGIN', request, session, authRequest.client.clientId);
  const code = provider.codes.issue(authRequest, session, organization);
  return respond(reply, authRequest, issuerOf(request), { session_state: session.id, code });
}

/** Opens a login in the browser of the request. @param reauthenticate name of the user who has to log in again */
export function openLogin(
  { provider, request, reply }: Exchange,
  authRequest: ValidAuthRequest,
  reauthenticate?: string,
): PendingLogin {
  const login = provider.logins.open(browserIdOf(request), authRequest, reauthenticate);
  setBrowserId(request, reply, login.browserId);
  return login;
}

/** Starts the session of an authenticated person, or continues the one they have. */
export function finishLogin(exchange: Exchange, login: PendingLogin, user: User) {
  const { provider, request, reply } = exchange;
  const { sessions, clock } = provider;
  const current = signedIn(provider, request);
  const { rememberMe = false } = login;
  const session =
    current?.user.id === user.id ? current.session : sessions.start({ userId: user.id, rememberMe });
  session.notes.AUTH_TIME = String(clock.seconds());
  signIn(provider, request, reply, session);
  return sendBack(exchange, login, session);
}

/** Sends the client its code, or first asks the person about the client or the device. */
export function sendBack(
  exchange: Exchange,
  login: PendingLogin,
  session = signedIn(exchange.provider, exchange.request)?.session,
) {
  const { provider, reply } = exchange;
  if (session === undefined) return sendNoLogin(provider, reply);
  const { device } = login.request;
  if (device !== undefined || provider.consents.isMissing(session.userId, login.request))
    return sendToConsent(exchange, login);
  provider.logins.close(login);
  return sendCode(exchange, login.request, session, login.organization);
}

/** Redirects to the consent page. */
export function sendToConsent({ provider, request, reply }: Exchange, login: PendingLogin) {
  provider.logins.renew(login);
  noStore(reply);
  return redirectTo(reply, consentUrl(issuerOf(request), login));
}
