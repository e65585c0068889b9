import { signedIn } from '../browser/cookies.ts';
import type { PendingLogin } from '../browser/logins.ts';
import { field, formOf } from '../http/form.ts';
import type { Exchange } from '../http/route.ts';
import { sendErrorPage } from '../pages/message-page.ts';
import { membershipsOf, organizationsOf } from '../realm/organizations.ts';
import type { Realm } from '../realm/realm.ts';
import { sendBack } from './finish-login.ts';
import { showLogin } from './pending-login.ts';

const NO_ACCOUNT = "Your email domain matches an organization but you don't have an account yet.";

/**
 * The login of a realm with organizations: first the name, then the organization if there are several, then the password.
 *
 * @returns `undefined` when the password is next
 */
export function identifyFirst(exchange: Exchange, login: PendingLogin) {
  const { provider, request, reply } = exchange;
  const { realm } = provider;
  const form = formOf(request);
  const show = (error?: string, username = login.username) =>
    showLogin(exchange, login, { ...(error && { error }), ...(username && { username }) });
  if (login.username === undefined) {
    const username = field(form, 'username') ?? field(form, 'as') ?? '';
    const user = realm.userByLogin(username);
    if (username === '') return show('Invalid username.');
    if (user?.enabled === false) {
      return sendErrorPage(reply, realm.displayName, 'Account is disabled, contact your administrator.');
    }
    if (user === undefined && isOfOrganization(realm, username)) return show(NO_ACCOUNT, username);
    login.username = username;
    login.rememberMe = realm.settings.rememberMe === true && field(form, 'rememberMe') === 'on';
    return show();
  }
  if (form.has('switchOrganization')) {
    delete login.organization;
    return show();
  }
  const chosen = field(form, 'kc.org');
  if (chosen === undefined) return undefined;
  const user = realm.userByLogin(login.username);
  const own = user === undefined ? [] : membershipsOf(realm.settings, user);
  const found = own.find(({ alias, enabled }) => enabled && alias === chosen);
  if (found === undefined) return show();
  login.organization = found.alias;
  const isSignedIn = signedIn(provider, request)?.user.id === user?.id;
  return isSignedIn && login.reauthenticate === undefined ? sendBack(exchange, login) : show();
}

function isOfOrganization(realm: Realm, username: string): boolean {
  const domain = username.split('@')[1]?.toLowerCase();
  return (
    domain !== undefined && organizationsOf(realm.settings).some(({ domains }) => domains.includes(domain))
  );
}
