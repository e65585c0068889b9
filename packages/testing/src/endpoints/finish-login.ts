import { browserIdOf, signedIn, signIn } from '../browser/cookies.ts';
import type { PendingLogin } from '../browser/logins.ts';
import { noStore, redirectTo } from '../http/answer.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Exchange } from '../http/route.ts';
import type { User } from '../realm/user.ts';
import { consentUrl } from './login-urls.ts';
import { sendNoLogin } from './pending-login.ts';
import { sendCode } from './send-code.ts';

/** Starts the session of an authenticated person, or continues the one they have. */
export function finishLogin(exchange: Exchange, login: PendingLogin, user: User) {
  const { provider, request } = exchange;
  const { sessions, clock } = provider;
  const current = signedIn(provider, request);
  const { rememberMe = false } = login;
  const session =
    current?.user.id === user.id ? current.session : sessions.start({ userId: user.id, rememberMe });
  session.notes.AUTH_TIME = String(clock.seconds());
  signIn(exchange, session);
  return sendBack(exchange, login, session);
}

/** Sends the client its code, or first asks the person about the client or the device. */
export function sendBack(
  exchange: Exchange,
  login: PendingLogin,
  session = signedIn(exchange.provider, exchange.request)?.session,
) {
  const { provider, request, reply } = exchange;
  if (session === undefined) return sendNoLogin(provider, reply);
  const { device, pushedAs } = login.request;
  if (device !== undefined || provider.consents.isMissing(session.userId, login.request)) {
    return sendToConsent(exchange, login);
  }
  if (pushedAs !== undefined) provider.pushedRequests.close(pushedAs);
  provider.logins.close(browserIdOf(request)!, login);
  return sendCode(exchange, login.request, session, login.organization);
}

/** Redirects to the consent page. */
export function sendToConsent({ provider, request, reply }: Exchange, login: PendingLogin) {
  provider.logins.renew(login);
  noStore(reply);
  return redirectTo(reply, consentUrl(issuerOf(request), login));
}
