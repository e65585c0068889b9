import type { FastifyReply } from 'fastify';
import { escapeHtml } from './escape.ts';
import { sendPage } from './layout.ts';

export interface LoginPage {
  readonly realmName: string;
  readonly action: string;
  /** What the person typed, shown again after a mistake. */
  readonly username?: string;
  /** Whether the realm offers to remember the person. */
  readonly rememberMe: boolean;
  readonly error?: string;
  readonly heading?: string;
}

const REMEMBER_ME =
  '<label class="check"><input id="rememberMe" name="rememberMe" type="checkbox" value="on"> Remember me</label>\n';

export function sendLoginPage(reply: FastifyReply, page: LoginPage) {
  const { realmName, action, username = '', rememberMe, error, heading = 'Sign in to your account' } = page;
  const focus = username === '' ? ['autofocus', ''] : ['', 'autofocus'];
  reply.header('cache-control', 'no-store, must-revalidate, max-age=0');
  return sendPage(reply, 200, {
    title: `Sign in to ${realmName}`,
    heading,
    realmName,
    body: `<form id="kc-form-login" method="post" action="${escapeHtml(action)}">
<label for="username">Username or email</label>
<input id="username" name="username" type="text" autocomplete="username" value="${escapeHtml(username)}" ${focus[0]}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" ${focus[1]}>
${rememberMe ? REMEMBER_ME : ''}${error === undefined ? '' : `<p id="input-error" class="error" role="alert">${escapeHtml(error)}</p>`}
<button id="kc-login" name="login" type="submit">Sign In</button>
</form>`,
  });
}
