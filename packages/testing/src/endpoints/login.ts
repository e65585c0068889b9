import { signedIn } from '../browser/cookies.ts';
import type { PendingLogin } from '../browser/pending.ts';
import { respond } from '../browser/respond.ts';
import { field, formOf, queryOf } from '../http/bodies.ts';
import { issuerOf, noStore, redirectTo } from '../http/headers.ts';
import { sendConsentPage, sendErrorPage, sendPasswordPage } from '../pages/pages.ts';
import type { Exchange, Route } from '../provider/route.ts';
import { isPasswordOf } from '../realm/password.ts';
import type { Realm } from '../realm/realm.ts';
import { membershipsOf, organizationsOf } from '../realm/user.ts';
import { mustChooseOrganization } from '../tokens/organization-scope.ts';
import { toGranted } from '../tokens/scopes.ts';
import {
  consentUrl,
  finishLogin,
  pendingLogin,
  requiredActionUrl,
  sendBack,
  sendCode,
  sendNoLogin,
  showLogin,
} from './pending-login.ts';

const NO_ACCOUNT = "Your email domain matches an organization but you don't have an account yet.";

/**
 * The login of a realm with organizations: first the name, then the organization if there are several, then the password.
 *
 * @returns `undefined` when the password is next
 */
function identifyFirst(exchange: Exchange, login: PendingLogin) {
  const { provider, request, reply } = exchange;
  const { realm } = provider;
  const form = formOf(request);
  const show = (error?: string, username = login.username) =>
    showLogin(exchange, login, { ...(error && { error }), ...(username && { username }) });
  if (login.username === undefined) {
    const username = field(form, 'username') ?? field(form, 'as') ?? '';
    const user = realm.userByLogin(username);
    if (username === '') return show('Invalid username.');
    if (user?.enabled === false)
      return sendErrorPage(reply, realm.displayName, 'Account is disabled, contact your administrator.');
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
  const organization = own.find(({ alias, enabled }) => enabled && alias === chosen);
  if (organization === undefined) return show();
  login.organization = organization.alias;
  const isSignedIn = signedIn(provider, request)?.user.id === user?.id;
  return isSignedIn && login.reauthenticate === undefined ? sendBack(exchange, login) : show();
}

function isOfOrganization(realm: Realm, username: string): boolean {
  const domain = username.split('@')[1]?.toLowerCase();
  return (
    domain !== undefined && organizationsOf(realm.settings).some(({ domains }) => domains.includes(domain))
  );
}

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
    if (queryOf(request).get('session_code') !== login.sessionCode)
      return showLogin(exchange, login, {
        error: 'Action expired. Please continue with login now.',
      });
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
  if (login.reauthenticate !== undefined && user.username !== login.reauthenticate)
    return refuse('Invalid username or password.');
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

/** An action that a user must take before a login is complete. This provider supports one action: a new password. */
export const requiredActionRoute: Route = {
  endpoint: 'login',
  path: '/login-actions/required-action',
  methods: ['GET', 'POST'],
  handler(exchange) {
    const { provider, request, reply } = exchange;
    const { realm } = provider;
    const login = pendingLogin(provider, request);
    const user = realm.userById(login?.userId ?? '');
    if (login === undefined || user === undefined) return sendNoLogin(provider, reply);
    const [action] = user.requiredActions;
    if (action !== undefined && action !== 'UPDATE_PASSWORD') {
      const text = `The embedded provider cannot carry out the action ${action}. Remove it in the realm file.`;
      return sendErrorPage(reply, realm.displayName, text);
    }
    const url = requiredActionUrl(issuerOf(request), login, user);
    const form = formOf(request);
    const password = field(form, 'password-new') ?? '';
    if (request.method !== 'POST') return sendPasswordPage(reply, realm.displayName, url);
    if (queryOf(request).get('session_code') !== login.sessionCode) return sendNoLogin(provider, reply);
    if (password === '') return sendPasswordPage(reply, realm.displayName, url, 'Please specify password.');
    if (password !== field(form, 'password-confirm'))
      return sendPasswordPage(reply, realm.displayName, url, "Passwords don't match.");
    const done = realm.updateUser(user.username, {
      credentials: [{ type: 'password', value: password }],
      requiredActions: user.requiredActions.filter((name) => name !== 'UPDATE_PASSWORD'),
    });
    if (done.requiredActions.length > 0)
      return redirectTo(reply, requiredActionUrl(issuerOf(request), login, done));
    return finishLogin(exchange, login, done);
  },
};

/**
 * Asks the person before a client that requires consent, or any device, gets tokens: an attacker could have sent a device's
 * link (RFC 8628 §5.4).
 */
export const consentRoute: Route = {
  endpoint: 'login',
  path: '/login-actions/consent',
  methods: ['GET', 'POST'],
  handler(exchange) {
    const { provider, request, reply } = exchange;
    const login = pendingLogin(provider, request);
    const session = signedIn(provider, request)?.session;
    if (login === undefined || session === undefined) return sendNoLogin(provider, reply);
    const { device } = login.request;
    const form = formOf(request);
    if (request.method !== 'POST') return askConsent(exchange, login);
    if (field(form, 'code') !== login.sessionCode || device?.verdict !== undefined)
      return sendNoLogin(provider, reply);
    provider.logins.close(login);
    const accepted = form.has('accept') && !form.has('cancel');
    if (device === undefined) {
      if (!accepted) return respond(reply, login.request, issuerOf(request), { error: 'access_denied' });
      provider.consents.grant(session.userId, login.request);
      return sendCode(exchange, login.request, session, login.organization);
    }
    device.verdict = accepted ? { sessionId: session.id } : 'denied';
    if (accepted) provider.sessions.touch(session, login.request.client);
    const status = `${issuerOf(request)}/device/status`;
    return redirectTo(noStore(reply), accepted ? status : `${status}?error=access_denied`);
  },
};

function askConsent({ provider, request, reply }: Exchange, login: PendingLogin) {
  const { realm } = provider;
  const { client, scope = '' } = login.request;
  const { scopes } = toGranted(realm, [...scope.split(' '), ...client.defaultScopes]);
  return sendConsentPage(reply, {
    realmName: realm.displayName,
    clientName: client.representation.name ?? client.clientId,
    scopes: scopes.map(({ name }) => name),
    about: client.attributes['consent.screen.text'],
    action: consentUrl(issuerOf(request), login),
    code: login.sessionCode,
  });
}
