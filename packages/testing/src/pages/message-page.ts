import type { FastifyReply } from 'fastify';
import { escapeHtml } from './escape.ts';
import { sendPage } from './layout.ts';

/** Shows an error here, instead of redirecting to a URI that is not trusted. */
export function sendErrorPage(reply: FastifyReply, realmName: string, message: string, status = 400) {
  return sendPage(reply, status, {
    heading: 'We are sorry...',
    realmName,
    body: `<p id="kc-error-message" class="instruction">${escapeHtml(message)}</p>`,
  });
}

export function sendInfoPage(reply: FastifyReply, realmName: string, message: string, heading = message) {
  return sendPage(reply, 200, {
    heading,
    realmName,
    body: `<p id="kc-info-message" class="instruction">${escapeHtml(message)}</p>`,
  });
}

/** Asks before logging out, so that a link on another site cannot do it. */
export function sendLogoutPage(reply: FastifyReply, realmName: string, action: string, code: string) {
  return sendPage(reply, 200, {
    title: 'Logging out',
    heading: 'Logging out',
    realmName,
    body: `<p id="kc-logout-confirm" class="instruction">Do you want to log out?</p>
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="session_code" value="${escapeHtml(code)}">
<button id="kc-logout" name="confirmLogout" type="submit">Logout</button>
</form>`,
  });
}
