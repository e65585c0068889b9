import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';

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
export function sendPage(reply: FastifyReply, status: number, page: Page) {
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
