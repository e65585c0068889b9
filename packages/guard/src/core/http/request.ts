import { AuthError } from './errors.ts';

/** Node's headers: names in lower case. */
export interface HeadersRecord {
  readonly [name: string]: string | readonly string[] | undefined;
}

/** Headers as Node has them (names in lower case), or as Fetch's `Headers`. */
export type HeadersLike = HeadersRecord | Pick<Headers, 'get'>;

/** As much of a `Socket` or `TLSSocket` as is read. */
export interface SocketLike {
  readonly encrypted?: boolean | undefined;
  readonly remoteAddress?: string | undefined;
  /** The certificate of the client. */
  getPeerX509Certificate?(): { readonly raw: Uint8Array } | undefined;
}

/** The part of an HTTP request that is read. Node's `IncomingMessage` fits, and a `Request` of the Fetch standard. */
export interface RequestLike {
  readonly headers: HeadersLike;
  /** Names and values in turn, as received. With it a second header `Authorization` or `Host` is noticed for sure. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** For DPoP. */
  readonly method?: string | undefined;
  /** For DPoP: the path, or the whole URL. */
  readonly url?: string | undefined;
  /** For DPoP: the original URL, which Express and similar frameworks keep when they shorten `url`. */
  readonly originalUrl?: string | undefined;
  /** The target as it was received, where `url` was made of it and of the header `Host`. */
  readonly target?: string | undefined;
  /** For tokens that are bound to a certificate, and to tell https from http. */
  readonly socket?: SocketLike | undefined;
}

/**
 * All values, joined as Node joins them.
 *
 * @param name in lower case
 */
export function headerOf(headers: HeadersLike, name: string): string | undefined {
  // In Node's headers, `get` is a header of that name: a string.
  if (typeof headers.get === 'function') return headers.get(name) ?? undefined;
  const value = (headers as HeadersRecord)[name];
  if (typeof value === 'string') return value;
  // Of a WebSocket, frameworks write anything there that its client says later.
  return Array.isArray(value) ? joinAs(name, value) : undefined;
}

/** RFC 9110 §5.3, RFC 9113 §8.2.3 */
const joinAs = (name: string, values: readonly string[]) => values.join(name === 'cookie' ? '; ' : ', ');

/**
 * A header as it arrived, which a proxy in front has set: of a WebSocket, frameworks add to `headers` what its client says later.
 *
 * @param name in lower case
 */
export function receivedHeaderOf(
  { headers, rawHeaders = [] }: RequestLike,
  name: string,
): string | undefined {
  // A request that an application made, or a platform without sockets, may have none.
  if (rawHeaders.length === 0) return headerOf(headers, name);
  const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
  return values.length === 0 ? undefined : joinAs(name, values);
}

/**
 * The headers of an answer, as they came: Node's `headersDistinct` is empty in every answer once somebody printed its prototype with
 * what getters give.
 */
export function toHeaders({ rawHeaders }: { readonly rawHeaders: readonly string[] }): Headers {
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    headers.append(rawHeaders[at] as string, rawHeaders[at + 1] as string);
  }
  return headers;
}

/**
 * Whether a header came more than once: of some, Node keeps the first and drops the rest.
 *
 * @param header in lower case
 */
export function isRepeated(rawHeaders: readonly string[], header: string): boolean {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === header.length && name.toLowerCase() === header) seen++;
  }
  return seen > 1;
}

/** By these a client names the host, and a proxy the one that it was called by. */
const HOSTS = ['host', 'x-forwarded-host', 'x-forwarded-proto'];

/**
 * Whether a request names several hosts (RFC 9112 §3.2, §3.2.2, RFC 9113 §8.3.1), so that a proxy in front may have looked at
 * another one than this process would; or, after a handshake, one that was not in it.
 */
export function hasSeveralHosts(request: RequestLike): boolean {
  const { method, headers, rawHeaders, url = '/', originalUrl = url, target } = request;
  const isHandshake = method === 'CONNECT' || headerOf(headers, 'upgrade') !== undefined;
  if (isHandshake && HOSTS.some((name) => headerOf(headers, name) !== receivedHeaderOf(request, name)))
    return true;
  const host = headerOf(headers, 'host');
  if (host === undefined) return false;
  if (host.includes(',') || (rawHeaders !== undefined && isRepeated(rawHeaders, 'host'))) return true;
  // The URL of a Fetch request is one, whether or not the target was: frameworks put the public host into it.
  const isFetch = typeof headers.get === 'function';
  const sent = isFetch ? (target ?? '/') : originalUrl;
  const authority =
    (isFetch ? undefined : (headers as HeadersRecord)[':authority']) ??
    (sent.startsWith('/') ? undefined : /^[a-z][a-z\d+.-]*:\/\/([^\\/?#]*)/i.exec(sent)?.[1]);
  return authority !== undefined && authority !== host;
}

/**
 * The target of a request as it was sent: what follows scheme and host (RFC 9112 §3.2). It is cut out of the URL as a string:
 * Deno and workerd leave dot segments and backslashes in `request.url`, a URL parser resolves them, and routers do either. A URL
 * without a host, as `Host: /x` makes one there, is no target: a URL parser takes the first part of its path for the host.
 *
 * @param url a target, or a whole URL
 */
export function targetOf(url: string): string {
  return url.replace(/^[a-z][a-z\d+.-]*:\/\/[^\\/?#]+/i, '');
}

/**
 * A parameter of a query or a form (URL Standard §5.1), decoded; one that comes twice counts as not there. The others are passed
 * over as they stand: anybody can send thousands of them, and decoding costs an exception for each broken escape. So a name with an
 * escape in it is another name.
 *
 * @param text without a `?` in front
 */
export function parameterIn(text: string, name: string): string | undefined {
  let encoded: string | undefined;
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + name.length)) {
    const end = at + name.length;
    const isName =
      (at === 0 || text[at - 1] === '&') && (end === text.length || '&='.includes(text.charAt(end)));
    if (!isName) continue;
    if (encoded !== undefined) return undefined;
    const next = text.indexOf('&', end);
    encoded = text.slice(end + 1, next === -1 ? undefined : next);
  }
  return encoded === undefined ? undefined : (new URLSearchParams(`=${encoded}`).get('') as string);
}

/** No application has longer paths. */
const MAX_LENGTH = 8 * 1024;

/**
 * Characters allowed in a path (RFC 3986 §3.3), and those that browsers send besides. Not `;`: routers with matrix
 * parameters end the segment there, others do not.
 */
const PATH = /^\/(?:[\w\-.~!$&'()*+,=:@/[\]|]|%[\da-fA-F]{2})*$/;

/**
 * Every way in which a router can correctly read a request's path: decoded or not, with or without a slash at its end. Which
 * one the router uses is unknown here, so all of them must be permitted.
 *
 * Refuses what some routers would read as another path altogether: dot segments, empty segments, backslashes, matrix
 * parameters, encoded slashes and dots, characters encoded twice or without need, bytes that are not UTF-8, a host or a
 * fragment.
 *
 * @param target the request target as it was sent (RFC 9112 §3.2)
 * @throws {AuthError} `path_ambiguous`
 */
export function readingsOf(target: string): readonly string[] {
  if (typeof target !== 'string' || target === '') throw ambiguous('no path', String(target));
  const path = target.split('?', 1)[0] as string;
  if (path.length > MAX_LENGTH) throw ambiguous(`more than ${MAX_LENGTH} characters`, path);
  if (!PATH.test(path)) throw ambiguous('a character that does not belong in a path', path);
  if (path.includes('//')) throw ambiguous('an empty segment', path);
  for (const segment of path.split('/')) {
    if (/^\.+$/.test(segment)) throw ambiguous('a segment of dots', path);
  }
  const decoded = path.includes('%') ? decode(path) : path;
  const readings = decoded === path ? [path] : [path, decoded];
  if (path === '/' || !path.endsWith('/')) return readings;
  return [...readings, ...readings.map((one) => one.slice(0, -1))];
}

function decode(path: string): string {
  let decoded: string;
  try {
    // Refuses overlong forms and incomplete characters (RFC 3629 §3).
    decoded = decodeURIComponent(path);
  } catch {
    throw ambiguous('bytes that are not UTF-8', path);
  }
  for (const [, hex = ''] of path.matchAll(/%(..)/g)) {
    // RFC 3986 §2.2 and §2.3: decoding these makes another path, or the same one in an unusual spelling.
    if (/[\w\-.~/\\;?#%]/.test(String.fromCharCode(Number.parseInt(hex, 16)))) {
      throw ambiguous('a character that must not be encoded', path);
    }
  }
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(decoded)) throw ambiguous('an invisible character', path);
  if (decoded.split('/').some((one) => one.trim() !== one))
    throw ambiguous('a space at the edge of a segment', path);
  if (countMarks(decoded.normalize('NFKC')) !== countMarks(decoded)) {
    throw ambiguous('a character that looks like a slash or a dot', path);
  }
  return decoded;
}

/** Counts the characters that full-width and other forms become when a string is normalised (Unicode, UAX #15). */
function countMarks(text: string): number {
  return text.split(/[./\\;?#%]/).length;
}

function ambiguous(what: string, seen: string): AuthError {
  return new AuthError('path_ambiguous', `The path has ${what}: it could be read in two ways`, {
    expected: 'a path in its normal form (RFC 3986 §6.2.2)',
    seen,
  });
}

/**
 * The URI of a request as its client knows it, without query and fragment; `undefined` where it is not known.
 *
 * @param publicUrl by which clients call, perhaps with a path in front; without a slash at the end
 * @param callOrigin scheme, host and port by which clients call, where there is no public URL. Default: what the request says
 */
export function toRequestUri(
  request: RequestLike,
  publicUrl: string | undefined,
  callOrigin?: string,
): string | undefined {
  const whole = withoutQuery(request.originalUrl ?? request.url);
  // RFC 9112 §3.2.2: a request to a proxy, or one of Fetch's, names the host in it.
  const [, origin, rest = whole] = ABSOLUTE.exec(whole) ?? [];
  // Where an application is mounted in another, a part of the URL is cut off.
  const path = request.target?.startsWith('/') ? withoutQuery(request.target) : rest;
  if (!path.startsWith('/')) return undefined;
  if (publicUrl !== undefined) return `${publicUrl}${path}`;
  if (hasSeveralHosts(request)) return undefined;
  const start = callOrigin ?? origin ?? toOrigin(request);
  return start !== undefined && ORIGIN.test(start) ? `${start}${path}` : undefined;
}

const withoutQuery = (url = ''): string => url.replace(/[?#].*$/s, '');

const ABSOLUTE = /^(https?:\/\/[^/]+)(.*)$/i;

/** Nothing but a host and a port: with `Host: api/orders?`, what was sent to another path would be for `/orders`. */
const ORIGIN = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i;

function toOrigin(request: RequestLike): string | undefined {
  const host = headerOf(request.headers, 'host') ?? headerOf(request.headers, ':authority');
  return host && `${request.socket?.encrypted === true ? 'https' : 'http'}://${host}`;
}

/** Written so already: most requests need no more. */
const WRITTEN = /^https?:\/\/[\da-z.-]+(?::(?!(?:80|443)$)[1-9]\d{0,4})?$/;

/**
 * As browsers and Keycloak write it (RFC 6454 §6.2): proxies name the port of https too (nginx's `$host:$server_port`), or the scheme
 * in capitals. All else is left as it is, and refused at the login.
 */
export const toWrittenOrigin = (origin: string): string =>
  WRITTEN.test(origin) || !isOrigin(origin) ? origin : new URL(origin).origin;

/** RFC 1035 §2.3.4: no name is longer. */
const LONGEST_HOST = 253;

/** Whether it is scheme, host and port alone. */
export function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { hostname, origin, href } = new URL(text);
  return hostname.length <= LONGEST_HOST && href === `${origin}/`;
}

/** In linear time: an address may come from a folder of strangers, or from an answer, and be a megabyte of slashes. */
export const withoutEndSlashes = (url: string): string => url.replace(/(?<!\/)\/+$/, '');

/**
 * Whether `htu` names the URI (RFC 9449 §4.3 step 9): query and fragment are ignored, and what RFC 3986 §6.2.2 and §6.2.3
 * call equivalent is equal. Steps back in the path of a request are not: some routers take them for names, and it is another
 * route that they lead to. Clients take them out before they send.
 */
export function isSameUri(htu: string, uri: string): boolean {
  if (htu === uri) return true;
  if (STEP.test(uri)) return false;
  const claimed = normalise(htu);
  return claimed !== undefined && claimed === normalise(uri);
}

const STEP = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

function normalise(text: string): string | undefined {
  // A URL may not hold them, and parsers drop or change them silently.
  if (/[^\x21-\x5b\x5d-\x7e]/.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, username, password, host, pathname } = new URL(text);
  return username + password === '' ? `${protocol}//${host}${decodeUnreserved(pathname)}` : undefined;
}

/** RFC 3986 §6.2.2.1, §6.2.2.2. */
function decodeUnreserved(path: string): string {
  return path.replace(/%[\da-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : encoded.toUpperCase();
  });
}
