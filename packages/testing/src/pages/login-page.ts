import type { FastifyReply } from 'fastify';
import { noStore } from '../http/answer.ts';
import { escapeHtml } from './escape.ts';
import { sendPage } from './layout.ts';

export interface LoginPage {
  readonly realmName: string;
  readonly action: string;
  /** What it asks for. A realm with organizations asks for the name first, and for the password on a second page. */
  readonly asks: 'both' | 'username' | 'password';
  /** What the person typed, shown again after a mistake. */
  readonly username?: string;
  /** Whether the realm offers to remember the person. */
  readonly rememberMe: boolean;
  readonly error?: string;
  readonly heading?: string;
  /** Users who sign in by a click. */
  readonly users: readonly string[];
}

const REMEMBER_ME =
  '<label class="check"><input id="rememberMe" name="rememberMe" type="checkbox" value="on"> Remember me</label>';

export function sendLoginPage(reply: FastifyReply, page: LoginPage) {
  const { realmName, action, asks, username = '', rememberMe, error } = page;
  const { heading = 'Sign in to your account', users } = page;
  noStore(reply);
  const parts = [
    asks === 'password' ? attempted(username) : nameField(username),
    asks !== 'username' && passwordField(asks === 'password' || username !== ''),
    asks !== 'password' && rememberMe && REMEMBER_ME,
    error !== undefined && `<p id="input-error" class="error" role="alert">${escapeHtml(error)}</p>`,
    '<button id="kc-login" name="login" type="submit">Sign In</button>',
  ];
  return sendPage(reply, 200, {
    heading,
    realmName,
    body: `<form id="kc-form-login" method="post" action="${escapeHtml(action)}">
${parts.filter(Boolean).join('\n')}
</form>
${users.length === 0 ? '' : userList(action, users)}`,
  });
}

/** Not in Keycloak: the passwords of these users are in the realm file. */
const userList = (action: string, users: readonly string[]): string => {
  const buttons = users.map(
    (name) => `<button name="as" value="${escapeHtml(name)}">${escapeHtml(name)}</button>`,
  );
  return `<form id="users" method="post" action="${escapeHtml(action)}">
<p class="note">Without a password, as a user of the realm file:</p>
${buttons.join('\n')}
</form>`;
};

const attempted = (username: string): string => `<p id="kc-attempted-username">${escapeHtml(username)}</p>`;

const nameField = (username: string): string => `<label for="username">Username or email</label>
<input id="username" name="username" type="text" autocomplete="username" value="${escapeHtml(username)}" ${username === '' ? 'autofocus' : ''}>`;

const passwordField = (hasFocus: boolean): string => `<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" ${hasFocus ? 'autofocus' : ''}>`;
