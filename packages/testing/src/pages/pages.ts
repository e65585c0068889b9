import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { noStore } from '../http/headers.ts';

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Makes text harmless in HTML, inside an element and inside a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-content: center; background: light-dark(#f2f4f7, #15181c); }
main { width: min(22rem, 88vw); padding: 2rem; border-radius: .75rem; background: light-dark(#fff, #1f2429); box-shadow: 0 1px 12px rgb(0 0 0 / .12); }
h1 { font-size: 1.25rem; margin: 0 0 1rem; }
label { display: block; margin: .75rem 0 .25rem; font-size: .875rem; }
input { width: 100%; box-sizing: border-box; padding: .55rem .7rem; font: inherit; border: 1px solid #8a94a0; border-radius: .4rem; background: transparent; color: inherit; }
button { width: 100%; margin-top: 1.25rem; padding: .6rem; font: inherit; font-weight: 600; color: #fff; background: #1f5fd0; border: 0; border-radius: .4rem; cursor: pointer; }
#users button { margin-top: .4rem; padding: .35rem; font-weight: 400; color: inherit; background: transparent; border: 1px solid #8a94a0; }
.check { display: flex; gap: .5rem; align-items: center; }
.check input { width: auto; }
.error { color: light-dark(#b3261e, #ff8a80); font-size: .875rem; }
.note { margin: 1.5rem 0 0; font-size: .8rem; opacity: .7; }
.realm { margin: 0 0 1rem; text-align: center; font-size: .875rem; opacity: .8; }
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

interface Page {
  /** Title of the window, not yet escaped; by default it names the realm. */
  readonly title?: string;
  /** Heading, not yet escaped. */
  readonly heading: string;
  /** HTML, in which outside texts are already escaped. */
  readonly body: string;
  readonly realmName: string;
}

/** Sends a page that runs no scripts and loads nothing. */
function sendPage(reply: FastifyReply, status: number, page: Page) {
  const { realmName, title = `Sign in to ${realmName}`, heading, body } = page;
  return reply
    .code(status)
    .header('content-language', 'en')
    .header(
      'content-security-policy',
      `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; frame-ancestors 'self'`,
    )
    .type('text/html;charset=utf-8')
    .send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="realm">${escapeHtml(realmName)}</p>
<h1 id="kc-page-title">${escapeHtml(heading)}</h1>
${body}
<p class="note">Embedded provider of keycloak-guard: for development only.</p>
</main>
</body>
</html>
`);
}

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

/**
 * Makes a sender of pages that only run a script, for an invisible frame in a client's page. Any page may frame it: the script
 * only answers pages that may know.
 */
export function createScriptPage(script: string) {
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; connect-src 'self'; base-uri 'none'`;
  const html = `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Status</title></head>\n<body><script type="module">${script}</script></body>\n</html>\n`;
  return (reply: FastifyReply) =>
    reply
      .removeHeader('x-frame-options')
      .header('content-security-policy', policy)
      .header('cache-control', 'no-cache, must-revalidate, no-transform, no-store')
      .type('text/html;charset=utf-8')
      .send(html);
}

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

const alert = (error: string | undefined): string =>
  error === undefined ? '' : `<p id="input-error" class="error" role="alert">${escapeHtml(error)}</p>`;

export function sendLoginPage(reply: FastifyReply, page: LoginPage) {
  const { realmName, action, asks, username = '', rememberMe, error } = page;
  const { heading = 'Sign in to your account', users } = page;
  noStore(reply);
  const parts = [
    asks === 'password' ? attempted(username) : nameField(username),
    asks !== 'username' && passwordField(asks === 'password' || username !== ''),
    asks !== 'password' && rememberMe && REMEMBER_ME,
    alert(error),
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
${alert(error)}
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
${alert(error)}
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
