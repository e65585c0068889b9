import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { browserIdOf, signedIn, signIn } from '../browser/cookies.ts';
import type { PendingLogin } from '../browser/logins.ts';
import { field, formOf, queryOf } from '../http/form.ts';
import { issuerOf } from '../http/issuer.ts';
import { addRoute } from '../http/route.ts';
import { sendLoginPage } from '../pages/login-page.ts';
import { sendErrorPage } from '../pages/message-page.ts';
import type { Provider } from '../provider.ts';
import { isPasswordOf } from '../realm/password.ts';
import type { User } from '../realm/user.ts';
import { sendCode } from './authorization.ts';
import { consentUrl } from './consent.ts';
import { requiredActionUrl } from './required-action.ts';

const NO_COOKIE =
  'Restart login cookie not found. It may have expired; it may have been deleted or cookies are disabled in ' +
  'your browser. If cookies are disabled then enable them. Click Back to Application to login again.';

/** The login page's own form. */
export function addLogin(app: FastifyInstance, provider: Provider): void {
  addRoute(app, {
    endpoint: 'login',
    path: '/login-actions/authenticate',
    methods: ['GET', 'POST'],
    async handler(request, reply) {
      const login = pendingLogin(provider, request);
      if (login === undefined) return sendNoLogin(provider, reply);
      if (request.method !== 'POST') {
        const user = signedIn(provider, request)?.user;
        const known = user !== undefined && login.reauthenticate === undefined;
        return known && !login.request.prompts.includes('login')
          ? sendBack(provider, request, reply, login)
          : showLogin(provider, request, reply, login);
      }
      if (queryOf(request).get('session_code') !== login.sessionCode) {
        return showLogin(provider, request, reply, login, {
          error: 'Action expired. Please continue with login now.',
        });
      }
      return authenticate(provider, request, reply, login);
    },
  });
}

/** The login page that the browser's cookie and the URL belong to. */
export function pendingLogin({ logins }: Provider, request: FastifyRequest): PendingLogin | undefined {
  return logins.find(browserIdOf(request), queryOf(request).get('tab_id') ?? '');
}

export function sendNoLogin({ realm }: Provider, reply: FastifyReply) {
  reply.header('cache-control', 'no-store, must-revalidate, max-age=0');
  return sendErrorPage(reply, realm.displayName, NO_COOKIE);
}

export function showLogin(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  login: PendingLogin,
  again: { username?: string; error?: string } = {},
) {
  provider.logins.renew(login);
  const { reauthenticate, request: asked } = login;
  const username = again.username ?? reauthenticate ?? asked.loginHint;
  return sendLoginPage(reply, {
    realmName: provider.realm.displayName,
    action: `${issuerOf(request)}/login-actions/authenticate?${loginQuery(login)}`,
    rememberMe: provider.realm.settings.rememberMe === true && reauthenticate === undefined,
    ...(username === undefined ? {} : { username }),
    ...(again.error === undefined ? {} : { error: again.error }),
    ...(reauthenticate === undefined ? {} : { heading: 'Please re-authenticate to continue' }),
  });
}

export function authenticateUrl(issuer: string, { tabId, request: { client } }: PendingLogin): string {
  const query = new URLSearchParams({ client_id: client.clientId, tab_id: tabId });
  return `${issuer}/login-actions/authenticate?${query}`;
}

export function loginQuery({ sessionCode, tabId, request }: PendingLogin): string {
  return String(
    new URLSearchParams({ session_code: sessionCode, client_id: request.client.clientId, tab_id: tabId }),
  );
}

async function authenticate(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  login: PendingLogin,
) {
  const { realm, lockout } = provider;
  const form = formOf(request);
  const username = field(form, 'username') ?? login.reauthenticate ?? '';
  const user = realm.userByLogin(username);
  const right = await isPasswordOf(user?.representation, field(form, 'password') ?? '');
  const refuse = (error: string) => showLogin(provider, request, reply, login, { username, error });
  if (user === undefined || !lockout.admits(user, right)) return refuse('Invalid username or password.');
  if (!user.enabled) return refuse('Account is disabled, contact your administrator.');
  if (login.reauthenticate !== undefined && user.username !== login.reauthenticate) {
    return refuse('Invalid username or password.');
  }
  login.rememberMe = realm.settings.rememberMe === true && field(form, 'rememberMe') === 'on';
  if (user.requiredActions.length > 0) {
    login.userId = user.id;
    provider.logins.renew(login);
    reply.header('cache-control', 'no-store, must-revalidate, max-age=0');
    return reply
      .code(302)
      .header('location', requiredActionUrl(issuerOf(request), login, user))
      .send();
  }
  return finishLogin(provider, request, reply, login, user);
}

/** The person is who they say: a session starts, or goes on after being proved again. */
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

/** The login page is done with: the client gets its code, or the person is asked about the device. */
function sendBack(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  login: PendingLogin,
  session = signedIn(provider, request)?.session,
) {
  if (session === undefined) return sendNoLogin(provider, reply);
  const { device, pushedAs } = login.request;
  if (device !== undefined) {
    provider.logins.renew(login);
    reply.header('cache-control', 'no-store, must-revalidate, max-age=0');
    return reply
      .code(302)
      .header('location', consentUrl(issuerOf(request), login))
      .send();
  }
  if (pushedAs !== undefined) provider.pushedRequests.close(pushedAs);
  provider.logins.close(browserIdOf(request)!, login);
  return sendCode(provider, request, reply, login.request, session);
}
