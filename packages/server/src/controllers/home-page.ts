/** The content of the page. */
interface HomePage {
  readonly message: string;
  /** The signed-in user, or `null`. */
  readonly username: string | null;
  /** Whether people can sign in with the browser. */
  readonly canSignIn: boolean;
  /** Whether there is documentation. */
  readonly hasDocs: boolean;
  /** In front of every path of this service. */
  readonly basePath: string;
}

/** The page at `/`. Everything that is not fixed is escaped. */
export function homePage({ message, username, canSignIn, hasDocs, ...page }: HomePage): string {
  const basePath = escapeHtml(page.basePath);
  const state =
    username === null
      ? '<span class="dot"></span> You are not signed in.'
      : `<span class="dot on"></span> Signed in as <strong>${escapeHtml(username)}</strong>.`;
  const actions = [
    canSignIn ? toSignIn(username, basePath) : '',
    hasDocs ? `<a class="button plain" href="${basePath}/docs">Documentation</a>` : '',
  ];
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Keycloak authentication system</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${basePath}/home.css">
    <script src="${basePath}/home.js" defer></script>
  </head>
  <body>
    <main>
      <h1>Keycloak authentication system</h1>
      <p>${escapeHtml(message)}</p>
      <p class="state" role="status" data-username="${escapeHtml(username ?? '')}">${state}</p>
      <div class="actions">
        ${actions.filter(Boolean).join('\n        ')}
      </div>
      <section aria-labelledby="try">
        <h2 id="try">Try it</h2>
        <p><button class="button plain" id="call" type="button">Call /protected</button></p>
        <pre id="answer" role="status" aria-label="Answer of /protected" tabindex="0" hidden></pre>
      </section>
    </main>
  </body>
</html>
`;
}

/** Signing out changes something, so it is a form; signing in is a link. Both work without the script. */
function toSignIn(username: string | null, basePath: string): string {
  return username === null
    ? `<a class="button" href="${basePath}/auth/login?return_to=${basePath}/">Sign in with Keycloak</a>`
    : `<form method="post" action="${basePath}/auth/logout"><button class="button" type="submit">Sign out</button></form>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export const HOME_STYLE = `
:root { color-scheme: light dark; --line: #8884; --accent: #0b66c3; }
@media (prefers-color-scheme: dark) { :root { --accent: #6cb2ff; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 44rem; margin: 12vh auto 4rem; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .75rem; }
a { color: var(--accent); }
.state { padding: .6rem .9rem; border: 1px solid var(--line); border-radius: .5rem; }
.dot { display: inline-block; width: .6rem; height: .6rem; margin-right: .35rem; border-radius: 50%; background: #999; }
.dot.on { background: #2a9d4a; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0 2rem; }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; }
pre { padding: .75rem .9rem; border: 1px solid var(--line); border-radius: .5rem; overflow-x: auto; font: .9em/1.5 ui-monospace, monospace; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.button { display: inline-block; padding: .55rem 1rem; border-radius: .5rem; background: var(--accent); color: Canvas; text-decoration: none; font: inherit; font-weight: 600; border: 1px solid var(--accent); cursor: pointer; }
.button.plain { background: transparent; color: var(--accent); }
`.trimStart();

/** Calls /protected with the session cookie, and notices when the session ended elsewhere. */
export const HOME_SCRIPT = `
const { src } = document.currentScript;
const answer = document.getElementById('answer');
document.getElementById('call').addEventListener('click', async () => {
  answer.hidden = false;
  answer.textContent = '…';
  try {
    const response = await fetch(new URL('protected', src), { headers: { accept: 'application/json' } });
    const body = await response.json();
    answer.textContent = response.status + ' ' + response.statusText + '\\n' + JSON.stringify(body, null, 2);
  } catch {
    answer.textContent = 'The service does not answer.';
  }
});

const shown = document.querySelector('[data-username]').dataset.username;
async function lookAgain() {
  if (shown === '' || document.visibilityState !== 'visible') return;
  const response = await fetch(new URL('auth/session', src)).catch(() => undefined);
  if (response?.ok && (await response.json()).authenticated === false) location.reload();
}
document.addEventListener('visibilitychange', lookAgain);
window.addEventListener('focus', lookAgain);
window.addEventListener('pageshow', (event) => { if (event.persisted) lookAgain(); });
`.trimStart();
