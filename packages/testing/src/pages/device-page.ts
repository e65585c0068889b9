import type { FastifyReply } from 'fastify';
import { escapeHtml } from './escape.ts';
import { sendPage } from './layout.ts';

/** Asks for the code that a device shows. */
export function sendDevicePage(reply: FastifyReply, realmName: string, action: string, error?: string) {
  return sendPage(reply, 200, {
    heading: 'Device Login',
    realmName,
    body: `<form id="kc-user-verify-device-user-code-form" method="post" action="${escapeHtml(action)}">
${error === undefined ? '' : `<p id="input-error" class="error" role="alert">${escapeHtml(error)}</p>`}
<label for="device_user_code">Enter the code provided by your device and click Submit</label>
<input id="device_user_code" name="device_user_code" type="text" autocomplete="off" autofocus>
<button id="kc-login" type="submit">Submit</button>
</form>`,
  });
}
