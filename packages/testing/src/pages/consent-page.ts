import type { FastifyReply } from 'fastify';
import { noStore } from '../http/answer.ts';
import { escapeHtml } from './escape.ts';
import { sendPage } from './layout.ts';

interface ConsentPage {
  readonly realmName: string;
  readonly clientName: string;
  /** Names of client scopes. As in Keycloak, those without a text are not shown. */
  readonly scopes: readonly string[];
  /** An extra line about a client whose name anybody could have chosen. */
  readonly about: string | undefined;
  readonly action: string;
  readonly code: string;
}

const TEXTS: Readonly<Record<string, string>> = {
  profile: 'User profile',
  roles: 'User roles',
  email: 'Email address',
  address: 'Address',
  phone: 'Phone number',
  offline_access: 'Offline Access',
  organization: 'Organization',
};

export function sendConsentPage(reply: FastifyReply, page: ConsentPage) {
  const { realmName, clientName, scopes, about, action, code } = page;
  const texts = Object.entries(TEXTS).flatMap(([name, text]) => (scopes.includes(name) ? [text] : []));
  if (about !== undefined) texts.push(escapeHtml(about));
  noStore(reply);
  return sendPage(reply, 200, {
    heading: `Grant Access to ${clientName}`,
    realmName,
    body: `<p class="instruction">Do you grant these access privileges?</p>
<ul>${texts.map((text) => `<li>${text}</li>`).join('')}</ul>
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="code" value="${escapeHtml(code)}">
<button id="kc-login" name="accept" type="submit" value="Yes">Yes</button>
<button id="kc-cancel" name="cancel" type="submit" value="No">No</button>
</form>`,
  });
}
