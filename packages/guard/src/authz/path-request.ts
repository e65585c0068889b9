/** What is read of a request where paths decide. */
export interface PathRequest {
  /** As it came, for example `GET`. */
  readonly method: string;
  /** The target as it stands in the request line, undecoded, with its query: Node's `request.url`. */
  readonly url: string;
  /** Node's headers, or `Headers` of the Fetch standard. */
  readonly headers: HeadersOfNode | { get(name: string): string | null };
  /** Address of the caller, for claims. */
  readonly remoteAddress?: string | undefined;
  /** Whether it came by https, for claims. */
  readonly isSecure?: boolean | undefined;
  /** The body, read and parsed, for claims. */
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

/** RFC 6265 §4.2.1. */
export function cookieOf(request: PathRequest, name: string): string | undefined {
  for (const pair of (headerOf(request, 'cookie') ?? '').split(';')) {
    const [key = '', ...value] = pair.split('=');
    if (key.trim() === name) return value.join('=').trim();
  }
  return undefined;
}
