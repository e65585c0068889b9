import type { FastifyReply, FastifyRequest } from 'fastify';
import { browserIdOf, signedIn, signIn } from '../browser/cookies.ts';
import type { PendingLogin } from '../browser/logins.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Provider } from '../provider.ts';
import type { User } from '../realm/user.ts';
import { consentUrl } from './login-urls.ts';
import { sendNoLogin } from './pending-login.ts';
import { sendCode } from './send-code.ts';

/** Starts the session of an authenticated person, or continues the one they have. */
export function finishLogin(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  login: PendingLogin,
  user: User,
) {
  const { sessions, clock } = provider;
  const current = signedIn(provider, request);
  const { rememberMe = false } = login;
  const session =
    current?.user.id === user.id ? current.session : sessions.start({ userId: user.id, rememberMe });
  session.notes.AUTH_TIME = String(clock.seconds());
  signIn(provider, request, reply, session);
  return sendBack(provider, request, reply, login, session);
}

/** Sends the client its code, or first asks the person about the client or the device. */
export function sendBack(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  login: PendingLogin,
  session = signedIn(provider, request)?.session,
) {
  if (session === undefined) return sendNoLogin(provider, reply);
  const { device, pushedAs } = login.request;
  if (device !== undefined || provider.consents.isMissing(session.userId, login.request)) {
    return sendToConsent(provider, request, reply, login);
  }
  if (pushedAs !== undefined) provider.pushedRequests.close(pushedAs);
  provider.logins.close(browserIdOf(request)!, login);
  return sendCode(provider, request, reply, login.request, session, login.organization);
}

/** Redirects to the consent page. */
export function sendToConsent(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  login: PendingLogin,
) {
  provider.logins.renew(login);
  reply.header('cache-control', 'no-store, must-revalidate, max-age=0');
  return reply
    .code(302)
    .header('location', consentUrl(issuerOf(request), login))
    .send();
}
