import type { Client } from '../realm/client.ts';

const LOOPBACK = /^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])):\d+(?=[/?#]|$)/;

/** Whether a login may lead to `uri`. */
export function isRedirectUri(client: Client, uri: string): boolean {
  return matchesAny(client.redirectUris, client.rootUrl, uri);
}

/** Whether a logout may lead to `uri`. `+` stands for the client's redirect URIs. */
export function isPostLogoutRedirectUri(client: Client, uri: string): boolean {
  const listed = client.attributes['post.logout.redirect.uris']?.split('##') ?? [];
  const uris = listed.flatMap((one) => (one === '+' ? client.redirectUris : one === '-' ? [] : [one]));
  return matchesAny(uris, client.rootUrl, uri);
}

/**
 * Compares texts, not parsed URLs, as Keycloak does, and refuses what a browser might read in another way. A `*` at the end of
 * a registered URI stands for any rest. A registered loopback URI without a port fits any port (RFC 8252 §7.3).
 */
function matchesAny(registered: readonly string[], rootUrl: string, uri: string): boolean {
  if (!isPlain(uri)) return false;
  const bare = uri.replace(/[?#].*$/s, '');
  const candidates = [bare, bare.replace(LOOPBACK, '$1')];
  return registered.some((entry) => {
    const pattern = entry.startsWith('/') ? rootUrl.replace(/\/$/, '') + entry : entry;
    if (!pattern.endsWith('*') || pattern.includes('?'))
      return pattern === uri || pattern === uri.replace(LOOPBACK, '$1');
    const prefix = pattern.slice(0, -1);
    return candidates.some((one) => one.startsWith(prefix) || `${one}/` === prefix);
  });
}

function isPlain(uri: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refuses exactly those
  if (/[\\\s\u0000-\u001f\u007f]/.test(uri) || /^(javascript|data|vbscript|file|blob):/i.test(uri))
    return false;
  const match = /^[a-z][a-z0-9+.-]*:(?:\/\/([^/?#]*))?([^?#]*)/i.exec(uri);
  if (match === null || match[1]?.includes('@')) return false;
  let path = match[2] ?? '';
  for (let round = 0; round < 4; round += 1) {
    if (path.split(/[/\\]/).includes('..')) return false;
    try {
      path = decodeURIComponent(path);
    } catch {
      return false;
    }
  }
  return true;
}
