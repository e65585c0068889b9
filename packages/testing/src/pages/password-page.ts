import type { FastifyReply } from 'fastify';
import { noStore } from '../http/answer.ts';
import { escapeHtml } from './escape.ts';
import { sendPage } from './layout.ts';

/** The only required action that this provider supports: a new password. */
export function sendPasswordPage(reply: FastifyReply, realmName: string, action: string, error?: string) {
  noStore(reply);
  return sendPage(reply, 200, {
    heading: 'Update password',
    realmName,
    body: `<form id="kc-passwd-update-form" method="post" action="${escapeHtml(action)}">
<p class="instruction">You need to change your password to activate your account.</p>
<label for="password-new">New Password</label>
<input id="password-new" name="password-new" type="password" autocomplete="new-password" autofocus>
<label for="password-confirm">Confirm password</label>
<input id="password-confirm" name="password-confirm" type="password" autocomplete="new-password">
${error === undefined ? '' : `<p id="input-error" class="error" role="alert">${escapeHtml(error)}</p>`}
<button type="submit">Submit</button>
</form>`,
  });
}
