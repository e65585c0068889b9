import type { FastifyRequest } from 'fastify';
import { AuthError } from '../core/index.ts';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** RFC 9110 §9.2.1 */
export const isSafe = (method: string): boolean => SAFE.has(method);

/**
 * Refuses requests that a page of another origin may have sent. Browsers say so in `Sec-Fetch-Site`, older ones in
 * `Origin`; where there is neither it is not known, and refused. A sibling domain (`same-site`) is another origin.
 *
 * @throws {AuthError} `cross_origin_request`
 * @see Fetch Metadata Request Headers §2.3, RFC 6454 §7
 */
export function assertSameOrigin(request: FastifyRequest, origin: string): void {
  const { 'sec-fetch-site': site, origin: from } = request.raw.headers;
  const isSame = site === undefined ? from === origin : site === 'same-origin';
  if (isSame) return;
  throw new AuthError('cross_origin_request', 'A request with a session cookie came from another origin', {
    expected: `Sec-Fetch-Site same-origin, or Origin ${origin}`,
  });
}
