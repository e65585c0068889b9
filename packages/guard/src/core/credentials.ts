import { AuthError } from './errors.ts';

/** The part of an HTTP request that is read. Node's `IncomingMessage` fits. */
export interface RequestLike {
  readonly headers: { readonly authorization?: string | undefined };
  /** Names and values in turn, as received. With it a second `Authorization` header is noticed. */
  readonly rawHeaders?: readonly string[] | undefined;
}

const NAME = 'authorization';

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
  const header = request.headers.authorization;
  if (header === undefined || header === '') {
    throw new AuthError('missing_token', 'The request has no Authorization header');
  }
  // Node keeps the first of several and drops the rest; a proxy in front may have checked the last.
  if (request.rawHeaders !== undefined && isRepeated(request.rawHeaders)) {
    throw new AuthError('ambiguous_credentials', 'The request has more than one Authorization header');
  }
  if (header.startsWith('Bearer ') || /^bearer /i.test(header)) {
    const token = header.charCodeAt(7) === 32 ? header.slice(7).replace(/^ +/, '') : header.slice(7);
    if (token !== '') return token;
    throw new AuthError('missing_token', 'The Authorization header has a scheme and no token');
  }
  if (/^bearer$/i.test(header)) {
    throw new AuthError('missing_token', 'The Authorization header has a scheme and no token');
  }
  throw new AuthError('unsupported_scheme', 'The Authorization header is not of the scheme Bearer', {
    expected: 'Bearer <token>',
  });
}

function isRepeated(rawHeaders: readonly string[]): boolean {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === NAME.length && (name === 'Authorization' || name.toLowerCase() === NAME)) seen++;
  }
  return seen > 1;
}
