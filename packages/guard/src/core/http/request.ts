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
  /** Names and values in turn, as received. With it a second `Authorization` header is noticed for sure. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** For DPoP. */
  readonly method?: string | undefined;
  /** For DPoP: the path, or the whole URL. */
  readonly url?: string | undefined;
  /** For DPoP: the original URL, which Express and similar frameworks keep when they shorten `url`. */
  readonly originalUrl?: string | undefined;
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
