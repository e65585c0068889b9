/** Headers as Node has them (names in lower case), or as Fetch's `Headers`. */
export type HeadersLike =
  | { readonly [name: string]: string | readonly string[] | undefined }
  | Pick<Headers, 'get'>;

/** The part of an HTTP request that is read. Node's `IncomingMessage` fits, and a `Request` of the Fetch standard. */
export interface RequestLike {
  readonly headers: HeadersLike;
  /** Names and values in turn, as received. With it a second `Authorization` header is noticed for sure. */
  readonly rawHeaders?: readonly string[] | undefined;
}

/**
 * Of several values all, joined as Node joins them.
 *
 * @param name in lower case
 */
export function headerOf(headers: HeadersLike, name: string): string | undefined {
  // A header of Node's that is named `get` is a text.
  if (typeof headers.get === 'function') return headers.get(name) ?? undefined;
  const value = (headers as { readonly [name: string]: string | readonly string[] | undefined })[name];
  return typeof value === 'object' ? value.join(name === 'cookie' ? '; ' : ', ') : value;
}
