import { createHash } from 'node:crypto';

export interface NewCookie {
  readonly name: string;
  /** Anything: it is percent-encoded. */
  readonly value: string;
  readonly secure: boolean;
  /** Without it the cookie lives as long as the browser runs. Unit: seconds; 0 takes the cookie away. */
  readonly maxAgeSeconds?: number | undefined;
}

/** RFC 9110 §5.6.2: a token. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Browsers drop a larger cookie, name and value together, without a word (RFC 6265bis §5.7). Unit: octets. */
export const LARGEST_COOKIE = 4096;

/**
 * A `Set-Cookie` value, for the whole of this host and no script. `Lax`: other sites cannot make the browser send it, except
 * by a link that is followed.
 *
 * @throws {TypeError} for what browsers would not take, or would take for something else; it does not repeat the value
 * @see RFC 6265bis §4.1.1
 */
export function toSetCookie({ name, value, secure, maxAgeSeconds }: NewCookie): string {
  if (!NAME.test(name)) throw new TypeError('The name of a cookie must be a token (RFC 6265bis §4.1.1)');
  // The rest are cookie-octets.
  const encoded = encodeURIComponent(value);
  if (name.length + encoded.length > LARGEST_COOKIE) {
    throw new TypeError(`The cookie ${name} has more than ${LARGEST_COOKIE} octets: browsers would drop it`);
  }
  if (maxAgeSeconds !== undefined && !(Number.isSafeInteger(maxAgeSeconds) && maxAgeSeconds >= 0)) {
    throw new TypeError(`The lifetime of the cookie ${name} must be whole seconds`);
  }
  return [
    `${name}=${encoded}`,
    ...(maxAgeSeconds === undefined ? [] : [`Max-Age=${maxAgeSeconds}`]),
    'Path=/',
    'HttpOnly',
    ...(secure ? ['Secure'] : []),
    'SameSite=Lax',
  ].join('; ');
}

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
    clear: (name: string): string => toSetCookie({ name, value: '', secure, maxAgeSeconds: 0 }),
  };
}

/** The value of one cookie. A name that comes twice counts as missing, because another host may have set one of the two. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  const [value, ...others] = readCookies(header, name);
  return others.length === 0 ? value : undefined;
}

/** Browsers have one with `__Host-`; on plain http others may plant some beside it. */
const MOST_OF_ONE_NAME = 20;

/** The values of one cookie: signing out works even if an attacker planted others. Each costs a signature. */
export function readCookies(header: string | undefined, name: string): string[] {
  const values: string[] = [];
  for (const [own, value] of pairsFrom(header, name))
    if (own === name && values.push(value) === MOST_OF_ONE_NAME) break;
  return values;
}

/**
 * All cookies whose names begin like this, as they stand. Of two with one name the first: browsers send that of the longer path
 * first.
 */
export function readCookiesStartingWith(
  header: string | undefined,
  start: string,
): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const [name, value] of pairsFrom(header, start)) if (!cookies.has(name)) cookies.set(name, value);
  return cookies;
}

/** Name and value of each cookie whose name begins like this. Anybody can send others by the thousand: they are passed over. */
function* pairsFrom(header = '', start: string): Generator<[name: string, value: string]> {
  for (let at = header.indexOf(start); at !== -1; at = header.indexOf(start, at + start.length)) {
    let before = at - 1;
    while (isBlank(header.charCodeAt(before))) before--;
    if (before >= 0 && header[before] !== ';') continue;
    const end = header.indexOf(';', at);
    const pair = header.slice(at, end === -1 ? undefined : end);
    const equals = pair.indexOf('=');
    if (equals !== -1) yield [trimBlanks(pair.slice(0, equals)), trimBlanks(pair.slice(equals + 1))];
  }
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

/**
 * `null` for what is not well percent-encoded, or holds more than ASCII: it was not set here. Without an exception: anybody can send
 * hundreds of cookies with one name.
 */
export function decodeCookie(value: string): string | null {
  return /%(?![0-7][\da-f])/i.test(value) ? null : decodeURIComponent(value);
}

/** Longest part of a client id that is taken over as it is. */
const LONGEST_ID = 40;
/** How a name with a hash ends: no client id that is taken over whole may end like this. */
const AS_HASHED = /(?:^|-)[0-9a-f]{8}$/;

/**
 * The name of the session cookie of a client: `session-my-app`. Cookies know no port, and `__Host-` ones no path: two
 * apps on one host would sign each other out, were their cookies called the same. Characters of a client id that cannot stand in
 * a name become `-`, and then a part of its hash is added (RFC 6265 §4.1.1).
 */
export function toCookieName(clientId: string): string {
  const safe = clientId
    .slice(0, LONGEST_ID)
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  if (safe === clientId && !AS_HASHED.test(safe)) return `session-${safe}`;
  const hash = createHash('sha256').update(clientId).digest('hex').slice(0, 8);
  return ['session', safe, hash].filter(Boolean).join('-');
}
