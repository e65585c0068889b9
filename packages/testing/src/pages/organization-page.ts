import type { FastifyReply } from 'fastify';
import { noStore } from '../http/answer.ts';
import { escapeHtml } from './escape.ts';
import { sendPage } from './layout.ts';

export interface OrganizationPage {
  readonly realmName: string;
  readonly action: string;
  readonly username: string;
  readonly organizations: readonly { readonly alias: string; readonly name: string }[];
}

/** Asks a member of several organizations for which one this login is. */
export function sendOrganizationPage(
  reply: FastifyReply,
  { realmName, action, username, organizations }: OrganizationPage,
) {
  noStore(reply);
  const buttons = organizations.map(
    ({ alias, name }) =>
      `<button id="organization-${escapeHtml(alias)}" name="kc.org" type="submit" value="${escapeHtml(alias)}">${escapeHtml(name)}</button>`,
  );
  return sendPage(reply, 200, {
    heading: 'Select an organization to proceed:',
    realmName,
    body: `<p id="kc-attempted-username">${escapeHtml(username)}</p>
<form method="post" action="${escapeHtml(action)}">
${buttons.join('\n')}
</form>`,
  });
}
