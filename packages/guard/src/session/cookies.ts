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
  const [value, ...others] = readCookies(header, name);
  return others.length === 0 ? value : undefined;
}

/** Every value of one cookie: signing out works even if an attacker planted another one. */
export function readCookies(header: string | undefined, name: string): string[] {
  return pairsFrom(header, name).flatMap((pair) => (pair[0] === name ? [pair[1]] : []));
}

/**
 * All cookies whose names begin like this, as they stand. Of two with one name the first: browsers send that of the longer path
 * first.
 */
export function cookiesNamed(header: string | undefined, start: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of pairsFrom(header, start)) if (!found.has(name)) found.set(name, value);
  return found;
}

/** Name and value of each cookie whose name begins like this. The others, which anybody can send by the thousand, are passed over. */
function pairsFrom(header = '', start: string): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let at = header.indexOf(start); at !== -1; at = header.indexOf(start, at + start.length)) {
    let before = at - 1;
    while (isBlank(header.charCodeAt(before))) before--;
    if (before >= 0 && header[before] !== ';') continue;
    const end = header.indexOf(';', at);
    const pair = header.slice(at, end === -1 ? undefined : end);
    const equals = pair.indexOf('=');
    if (equals !== -1) pairs.push([trimBlanks(pair.slice(0, equals)), trimBlanks(pair.slice(equals + 1))]);
  }
  return pairs;
}

/**
 * Without the spaces and tabs around it, and nothing else: a browser lets a sibling host set a cookie whose name is one of
 * ours behind a no-break space, because the prefix `__Host-` does not stand at its start (RFC 6265bis §5.6, §5.7).
 */
function trimBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** `null` for what is not well percent-encoded: it was not set here. */
export function decodeCookie(value: string): string | null {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}
