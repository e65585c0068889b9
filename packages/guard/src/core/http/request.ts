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
  return typeof value === 'object' ? value.join(name === 'cookie' ? '; ' : ', ') : value;
}

/**
 * Whether a header came more than once: of some, Node keeps the first and drops the rest.
 *
 * @param wanted in lower case
 */
export function isRepeated(rawHeaders: readonly string[], wanted: string): boolean {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === wanted.length && name.toLowerCase() === wanted) seen++;
  }
  return seen > 1;
}

/**
 * Whether a request names several hosts (RFC 9112 §3.2, §3.2.2, RFC 9113 §8.3.1), so that a proxy in front may have looked at
 * another one than this process would.
 */
export function hasSeveralHosts({
  headers,
  rawHeaders,
  url = '/',
  originalUrl = url,
  target,
}: RequestLike): boolean {
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
