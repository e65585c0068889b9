import type { FastifyReply } from 'fastify';
import { noStore } from '../http/headers.ts';
import { escapeHtml, sendPage } from './layout.ts';

interface LoginPage {
  readonly realmName: string;
  readonly action: string;
  /** The fields of the form. A realm with organizations asks for the name first, and for the password on a second page. */
  readonly asks: 'both' | 'username' | 'password';
  /** The name as typed, shown again after a mistake. */
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

interface OrganizationPage {
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
