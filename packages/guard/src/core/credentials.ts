import { AuthError } from './errors.ts';

/** The part of an HTTP request that is read. Node's `IncomingMessage` fits, and a `Request` of the Fetch standard. */
export interface RequestLike {
  readonly headers: HeadersRecord | HeadersLike;
  /** Names and values in turn, as received. With it a second `Authorization` header is noticed. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** For DPoP. */
  readonly method?: string | undefined;
  /** For DPoP: the path, or the whole URL. */
  readonly url?: string | undefined;
  /** For DPoP: the URL as it came, which Express and its like keep where they shorten `url`. */
  readonly originalUrl?: string | undefined;
  /** For tokens that are bound to a certificate, and to tell https from http. */
  readonly socket?: SocketLike | undefined;
}

/** Node's headers: names in lower case. */
export interface HeadersRecord {
  readonly authorization?: string | undefined;
  readonly [name: string]: string | readonly string[] | undefined;
}

/** As much of a `Socket` or `TLSSocket` as is read. */
export interface SocketLike {
  readonly encrypted?: boolean | undefined;
  readonly remoteAddress?: string | undefined;
  /** The certificate of the client. */
  getPeerX509Certificate?(): { readonly raw: Uint8Array } | undefined;
}

/** As much of Fetch's `Headers` as is read. */
export interface HeadersLike {
  get(name: string): string | null;
}

const NAME = 'authorization';

/** A token that came with the scheme DPoP (RFC 9449 §7.1): of no worth without a proof. */
export class DpopCredentials {
  readonly token: string;

  constructor(token: string) {
    this.token = token;
  }
}

/** The `Authorization` header as it came; `undefined` where there is none. */
export function authorizationOf({ headers }: RequestLike): string | undefined {
  return isHeaders(headers) ? (headers.get(NAME) ?? undefined) : headers.authorization;
}

/** Any header; of several values all, as Node joins them. */
export function headerOf(headers: RequestLike['headers'], name: string): string | undefined {
  if (isHeaders(headers)) return headers.get(name) ?? undefined;
  const value = headers[name];
  return typeof value === 'object' ? value.join(', ') : value;
}

/** A header of Node's that is named `get` is a text. */
function isHeaders(headers: RequestLike['headers']): headers is HeadersLike {
  return typeof (headers as HeadersLike).get === 'function';
}

/**
 * Reads the bearer token of a request (RFC 6750 §2.1). The scheme is compared without regard to case (RFC 9110
 * §11.1). Tokens in the query or in a form (RFC 6750 §2.2, §2.3) are not read: RFC 9700 §4.3.2 forbids the one,
 * and no client of Keycloak needs the other.
 *
 * @throws {AuthError} `missing_token`, `unsupported_scheme` or `ambiguous_credentials`
 * @example
 * const token = readBearerToken(request); // 'eyJhbGciOi…'
 */
export function readBearerToken(request: RequestLike): string {
  const read = readCredentials(request);
  if (typeof read === 'string') return read;
  throw read;
}

/** The bearer token of a request, or why there is none that could be looked at. */
export function readCredentials(request: RequestLike): string | AuthError;
/** @param takesDpop whether a token may come with the scheme DPoP too */
export function readCredentials(
  request: RequestLike,
  takesDpop: boolean,
): string | DpopCredentials | AuthError;
export function readCredentials(
  request: RequestLike,
  takesDpop = false,
): string | DpopCredentials | AuthError {
  const header = authorizationOf(request);
  if (header === undefined || header === '') {
    return new AuthError('missing_token', 'The request has no Authorization header');
  }
  // Node keeps the first of several and drops the rest; a proxy in front may have checked the last.
  if (isHeaders(request.headers) ? isJoined(header) : isRepeated(request.rawHeaders)) {
    return new AuthError('ambiguous_credentials', 'The request has more than one Authorization header');
  }
  if (header.startsWith('Bearer ') || /^bearer /i.test(header)) {
    const token = header.charCodeAt(7) === 32 ? header.slice(7).replace(/^ +/, '') : header.slice(7);
    if (token !== '') return token;
    return new AuthError('missing_token', 'The Authorization header has a scheme and no token');
  }
  const dpopToken = takesDpop ? /^dpop +([^ ].*)$/i.exec(header)?.[1] : undefined;
  if (dpopToken !== undefined) return new DpopCredentials(dpopToken);
  if (/^bearer$/i.test(header) || (takesDpop && /^dpop *$/i.test(header))) {
    return new AuthError('missing_token', 'The Authorization header has a scheme and no token');
  }
  const [scheme, expected] = takesDpop
    ? ['Bearer or DPoP', 'Bearer <token> or DPoP <token>']
    : ['Bearer', 'Bearer <token>'];
  return new AuthError('unsupported_scheme', `The Authorization header is not of the scheme ${scheme}`, {
    expected,
  });
}

/**
 * Fetch joins several with commas (Fetch §2.2.2). One alone holds a comma only between the parameters of its scheme, as
 * Digest has them (RFC 9110 §11.4).
 */
function isJoined(header: string): boolean {
  const comma = header.indexOf(',');
  if (comma === -1) return false;
  const first = header.slice(0, comma).trimEnd();
  return (
    /^\S*(?: +[\w.~+/-]*=*)?$|^(?:bearer|dpop)\b/i.test(first) || /,[\t ]*(?:bearer|dpop)\b/i.test(header)
  );
}

function isRepeated(rawHeaders: readonly string[] = []): boolean {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === NAME.length && (name === 'Authorization' || name.toLowerCase() === NAME)) seen++;
  }
  return seen > 1;
}
