/** The parts of a request that a path enforcer reads. */
export interface PathRequest {
  /** The method as it was sent, for example `GET`. */
  readonly method: string;
  /** The request target, undecoded, with its query: Node's `request.url`. */
  readonly url: string;
  /** The target that the router reads, if it may have been rewritten: both must be permitted. Default: `url`. */
  readonly routedUrl?: string | undefined;
  /** Node's headers, or the Fetch standard's `Headers`. */
  readonly headers: HeadersOfNode | { get(name: string): string | null };
  /** The caller's address, for claims. */
  readonly remoteAddress?: string | undefined;
  /** Whether the request came over https, for claims. */
  readonly isSecure?: boolean | undefined;
  /** The parsed body, for claims. */
  readonly body?: unknown;
}

type HeadersOfNode = { readonly [name: string]: string | readonly string[] | undefined };

/** @param name in any case */
export function headerOf({ headers }: PathRequest, name: string): string | undefined {
  if (typeof headers.get === 'function') {
    return (headers as { get(name: string): string | null }).get(name) ?? undefined;
  }
  const value = (headers as HeadersOfNode)[name.toLowerCase()];
  return typeof value === 'object' ? value.join(', ') : value;
}

export function parametersOf({ url }: PathRequest): URLSearchParams {
  const at = url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
}

/** Reads a cookie (RFC 6265 §4.2.1). */
export function cookieOf(request: PathRequest, name: string): string | undefined {
  for (const pair of (headerOf(request, 'cookie') ?? '').split(';')) {
    const [key = '', ...value] = pair.split('=');
    if (key.trim() === name) return value.join('=').trim();
  }
  return undefined;
}
