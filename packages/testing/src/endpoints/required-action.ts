import { redirectTo } from '../http/answer.ts';
import { field, formOf, queryOf } from '../http/form.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Route } from '../http/route.ts';
import { sendErrorPage } from '../pages/message-page.ts';
import { sendPasswordPage } from '../pages/password-page.ts';
import { finishLogin } from './finish-login.ts';
import { requiredActionUrl } from './login-urls.ts';
import { pendingLogin, sendNoLogin } from './pending-login.ts';

/** What a user must do before a login is complete. This provider supports one action: a new password. */
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
    if (password !== field(form, 'password-confirm')) {
      return sendPasswordPage(reply, realm.displayName, url, "Passwords don't match.");
    }
    const done = realm.updateUser(user.username, {
      credentials: [{ type: 'password', value: password }],
      requiredActions: user.requiredActions.filter((name) => name !== 'UPDATE_PASSWORD'),
    });
    if (done.requiredActions.length > 0) {
      return redirectTo(reply, requiredActionUrl(issuerOf(request), login, done));
    }
    return finishLogin(exchange, login, done);
  },
};
