import type { FastifyReply, FastifyRequest } from 'fastify';
import { browserIdOf } from '../browser/cookies.ts';
import type { PendingLogin } from '../browser/logins.ts';
import { noStore } from '../http/answer.ts';
import { queryOf } from '../http/form.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Exchange } from '../http/route.ts';
import { sendLoginPage } from '../pages/login-page.ts';
import { sendErrorPage } from '../pages/message-page.ts';
import { sendOrganizationPage } from '../pages/organization-page.ts';
import type { Provider } from '../provider.ts';
import { membershipsOf } from '../realm/organizations.ts';
import type { Realm } from '../realm/realm.ts';
import { mustChooseOrganization } from '../tokens/organization-scope.ts';
import { loginQuery } from './login-urls.ts';

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
  const { reauthenticate, request: asked } = login;
  const action = `${issuerOf(request)}/login-actions/authenticate?${loginQuery(login)}`;
  const isNameFirst = realm.settings.organizationsEnabled === true;
  const hint = isNameFirst ? (reauthenticate ?? knownHint(realm, asked.loginHint)) : undefined;
  if (hint !== undefined) login.username ??= hint;
  const user = realm.userByLogin(login.username ?? reauthenticate ?? '');
  if (isNameFirst && user && !login.organization && mustChooseOrganization(realm, asked.scope, user)) {
    return sendOrganizationPage(reply, {
      ...{ realmName: realm.displayName, action, username: user.username },
      organizations: membershipsOf(realm.settings, user),
    });
  }
  const username = again.username ?? login.username ?? reauthenticate ?? asked.loginHint;
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
