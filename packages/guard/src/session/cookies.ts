import { toSetCookie } from './set-cookie.ts';

/** The names of the cookies and how they are set, for an origin. */
export type Cookies = ReturnType<typeof createCookies>;

/**
 * On https the names begin with `__Host-`: no other host, and no plain http, can set them (RFC 6265bis §4.1.3.2). It
 * says all that `__Secure-` does, and more; browsers that know neither take it for a part of the name.
 *
 * @param name of the session cookie, without a prefix
 */
export function createCookiesFor(name: string): (origin: string) => Cookies {
  const [https, http] = [createCookies(name, true), createCookies(name, false)];
  return (origin) => (origin.startsWith('https:') ? https : http);
}

function createCookies(name: string, secure: boolean) {
  const session = `${secure ? '__Host-' : ''}${name}`;
  return {
    session,
    /** Start of the names of logins that are under way, one cookie each. */
    login: `${session}-login-`,
    /** A `Set-Cookie` value. Without `maxAgeSeconds` the cookie lives as long as the browser runs. */
    set: (name: string, value: string, maxAgeSeconds?: number): string =>
      toSetCookie({ name, value, secure, maxAgeSeconds }),
    /** A `Set-Cookie` value that takes a cookie away. */
    clear: (name: string): string => toSetCookie({ name, value: '', secure, maxAgeSeconds: 0 }),
  };
}

/** The value of one cookie. A name that comes twice counts as missing, because another host may have set one of the two. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  const start = header?.indexOf(name) ?? -1;
  if (header === undefined || start === -1) return undefined;
  // What browsers send is read without a list of all cookies.
  const isPlain = (start === 0 || header.startsWith('; ', start - 2)) && header[start + name.length] === '=';
  if (!isPlain || header.includes(name, start + 1)) {
    const [value, ...others] = readCookies(header, name);
    return others.length === 0 ? value : undefined;
  }
  const from = start + name.length + 1;
  const end = header.indexOf(';', from);
  return trimBlanks(header.slice(from, end === -1 ? undefined : end));
}

/** Every value of one cookie: signing out works even if an attacker planted another one. */
export function readCookies(header: string | undefined, name: string): string[] {
  return pairsOf(header).flatMap((pair) => (pair[0] === name ? [pair[1]] : []));
}

/**
 * All cookies whose names begin like this, decoded. Of two with one name the first: browsers send that of the longer path
 * first.
 */
export function cookiesNamed(header: string | undefined, start: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, encoded] of pairsOf(header)) {
    if (!name.startsWith(start) || found.has(name)) continue;
    const value = decodeCookie(encoded);
    if (value !== null) found.set(name, value);
  }
  return found;
}

/** Name and value of each cookie. */
function pairsOf(header = ''): [name: string, value: string][] {
  return header.split(';').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at === -1 ? [] : [[trimBlanks(pair.slice(0, at)), trimBlanks(pair.slice(at + 1))]];
  });
}

/**
 * Without the spaces and tabs around it, and nothing else: a browser lets a sibling host set a cookie whose name is one of
 * ours behind a no-break space, because the prefix `__Host-` does not stand at its start (RFC 6265bis §5.6, §5.7).
 */
function trimBlanks(text: string): string {
  // Not from within blanks: each of them would be a start, and looked at to their end.
  return text.replace(/^[ \t]+|(?<![ \t])[ \t]+$/g, '');
}

/** `null` for what is not well percent-encoded: it was not set here. */
export function decodeCookie(value: string): string | null {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}
