import { AuthError } from './errors.ts';
import { headerOf, isRepeated, type RequestLike } from './request.ts';

const NAME = 'authorization';

/** A token that came with the scheme DPoP (RFC 9449 §7.1): worthless without a proof. */
export class DpopCredentials {
  readonly token: string;

  constructor(token: string) {
    this.token = token;
  }
}

/** The `Authorization` header, unchanged; `undefined` if there is none. */
export function authorizationOf({ headers }: RequestLike): string | undefined {
  return headerOf(headers, NAME);
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
export function readCredentials(request: RequestLike, takesDpop?: false, header?: string): string | AuthError;
/**
 * @param takesDpop whether a token may come with the scheme DPoP too
 * @param header what `authorizationOf` gave, if it was called before: some servers check the value at each look
 */
export function readCredentials(
  request: RequestLike,
  takesDpop: boolean,
  header?: string,
): string | DpopCredentials | AuthError;
export function readCredentials(
  request: RequestLike,
  takesDpop = false,
  header = authorizationOf(request),
): string | DpopCredentials | AuthError {
  if (header === undefined || header === '') {
    return new AuthError('missing_token', 'The request has no Authorization header');
  }
  // Node keeps the first of several and drops the rest; a proxy in front may have checked the last.
  if (request.rawHeaders === undefined ? isJoined(header) : isRepeated(request.rawHeaders, NAME)) {
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
 * Fetch joins several with commas (Fetch §2.2.2), and so do gateways. One alone holds a comma only between the
 * parameters of its scheme, as Digest has them (RFC 9110 §11.4).
 */
function isJoined(header: string): boolean {
  const comma = header.indexOf(',');
  if (comma === -1) return false;
  const first = header.slice(0, comma).trimEnd();
  return (
    /^\S*(?: +[\w.~+/-]*=*)?$|^(?:bearer|dpop)\b/i.test(first) || /,[\t ]*(?:bearer|dpop)\b/i.test(header)
  );
}

/**
 * Whether the `Authorization` header is not for this API, so that the session counts: `Basic` is for a proxy in front,
 * and comes with every request. If it is a token, or comes twice, the session does not count.
 */
export function isForOthers({ code }: AuthError, header = ''): boolean {
  return header === '' || (code === 'unsupported_scheme' && !/^(?:bearer|dpop)/i.test(header));
}

/** Whether a session decides about a request, where there are sessions. */
export function isForSession(request: RequestLike): boolean {
  const header = authorizationOf(request);
  // Most requests with a session: no header is looked for again, and no error is made to say that it is missing.
  if (header === undefined) return true;
  const read = readCredentials(request, false, header);
  return typeof read === 'object' && isForOthers(read, header);
}
