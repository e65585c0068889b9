import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { noStore, redirectTo } from '../http/headers.ts';
import { escapeHtml } from '../pages/pages.ts';
import type { AuthRequest } from './auth-request.ts';

/** Sends the browser back to the client (RFC 6749 §4.1.2, RFC 9207). */
export function respond(
  reply: FastifyReply,
  { redirectUri, mode, state }: AuthRequest,
  issuer: string,
  answer: Record<string, string | undefined>,
) {
  const { code, ...first } = answer;
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries({
    ...(first.error === undefined ? { state } : {}),
    ...first,
    ...(first.error === undefined ? {} : { state }),
    iss: issuer,
    code,
  })) {
    if (value !== undefined) fields.append(name, value);
  }
  noStore(reply);
  if (mode === 'form_post') return sendForm(reply, redirectUri, fields);
  const bare = redirectUri.replace(/#.*$/s, '');
  const glue = mode === 'fragment' ? '#' : bare.includes('?') ? '&' : '?';
  return redirectTo(reply, `${bare}${glue}${fields}`);
}

/** OAuth 2.0 Form Post Response Mode §2. */
function sendForm(reply: FastifyReply, action: string, fields: URLSearchParams) {
  const nonce = randomBytes(16).toString('base64');
  const inputs = [...fields].map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  return reply
    .code(200)
    .header('content-security-policy', `default-src 'none'; script-src 'nonce-${nonce}'`)
    .type('text/html')
    .send(`<!doctype html>
<html>
<head><title>OIDC Form_Post Response</title></head>
<body>
<form method="post" action="${escapeHtml(action)}">
${inputs.join('\n')}
<noscript><button>Continue</button></noscript>
</form>
<script nonce="${nonce}">document.forms[0].submit();</script>
</body>
</html>
`);
}
