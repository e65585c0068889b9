import { signedIn } from '../browser/cookies.ts';
import type { PendingLogin } from '../browser/logins.ts';
import { noStore, redirectTo } from '../http/answer.ts';
import { field, formOf, queryOf } from '../http/form.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Exchange, Route } from '../http/route.ts';
import { isPasswordOf } from '../realm/password.ts';
import { mustChooseOrganization } from '../tokens/organization-scope.ts';
import { finishLogin, sendBack } from './finish-login.ts';
import { identifyFirst } from './identity-first.ts';
import { requiredActionUrl } from './login-urls.ts';
import { pendingLogin, sendNoLogin, showLogin } from './pending-login.ts';

/** The login page's own form. */
export const loginRoute: Route = {
  endpoint: 'login',
  path: '/login-actions/authenticate',
  methods: ['GET', 'POST'],
  async handler(exchange) {
    const { provider, request, reply } = exchange;
    const { realm } = provider;
    const login = pendingLogin(provider, request);
    if (login === undefined) return sendNoLogin(provider, reply);
    if (request.method !== 'POST') {
      const user = signedIn(provider, request)?.user;
      const { prompts, scope } = login.request;
      const known = user !== undefined && login.reauthenticate === undefined;
      const isComplete = known && (login.organization || !mustChooseOrganization(realm, scope, user));
      return isComplete && !prompts.includes('login')
        ? sendBack(exchange, login)
        : showLogin(exchange, login);
    }
    if (queryOf(request).get('session_code') !== login.sessionCode) {
      return showLogin(exchange, login, {
        error: 'Action expired. Please continue with login now.',
      });
    }
    const isNameFirst = realm.settings.organizationsEnabled === true;
    const page = isNameFirst ? identifyFirst(exchange, login) : undefined;
    return page ?? authenticate(exchange, login);
  },
};

async function authenticate(exchange: Exchange, login: PendingLogin) {
  const { provider, request, reply } = exchange;
  const { realm, lockout } = provider;
  const form = formOf(request);
  const as = field(form, 'as');
  const username = login.username ?? as ?? field(form, 'username') ?? login.reauthenticate ?? '';
  const user = realm.userByLogin(username);
  const right =
    as === undefined
      ? await isPasswordOf(user?.representation, field(form, 'password') ?? '')
      : provider.openUsers().some((one) => one === user && one.username === as);
  const refuse = (error: string) => showLogin(exchange, login, { username, error });
  if (user === undefined || !lockout.admits(user, right)) return refuse('Invalid username or password.');
  if (!user.enabled) return refuse('Account is disabled, contact your administrator.');
  if (login.reauthenticate !== undefined && user.username !== login.reauthenticate) {
    return refuse('Invalid username or password.');
  }
  if (login.username === undefined)
    login.rememberMe = realm.settings.rememberMe === true && field(form, 'rememberMe') === 'on';
  if (user.requiredActions.length > 0) {
    login.userId = user.id;
    provider.logins.renew(login);
    noStore(reply);
    return redirectTo(reply, requiredActionUrl(issuerOf(request), login, user));
  }
  return finishLogin(exchange, login, user);
}
