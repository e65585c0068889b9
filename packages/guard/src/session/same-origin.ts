import { AuthError } from '../core/index.ts';
import { headerOf } from '../core/internal.ts';
import type { SessionRequest } from './request.ts';

/** The part of a request that tells where it came from. Node's `IncomingMessage` fits. */
export type OriginatedRequest = Partial<Pick<SessionRequest, 'method'>> & Pick<SessionRequest, 'headers'>;

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Whether no page of another origin gains anything by sending it: it changes nothing (RFC 9110 §9.2.1), and what it is
 * answered stays closed to that page. A WebSocket does not: its handshake is a GET, SameSite=Lax cookies come along
 * from siblings, and the page reads all that follows (RFC 6455 §10.2).
 */
export const isHarmless = ({ method = '', headers }: OriginatedRequest): boolean =>
  SAFE.has(method) && headerOf(headers, 'upgrade') === undefined;

/**
 * Refuses requests that a page of another origin may have sent. Browsers say so in `Sec-Fetch-Site`, older ones, and for
 * plain http, in `Origin`; where there is neither it is not known, and refused. A sibling domain (`same-site`) is another
 * origin.
 *
 * @throws {AuthError} `cross_origin_request`
 * @see Fetch Metadata Request Headers §2.3, RFC 6454 §7
 */
export function assertSameOrigin({ headers }: OriginatedRequest, origin: string): void {
  const site = headerOf(headers, 'sec-fetch-site');
  const from = headerOf(headers, 'origin');
  const isSame = site === undefined ? from === origin : site === 'same-origin';
  // A handshake always names its origin, and is never redirected: not every browser compares ws: with http: well.
  if (isSame || (headerOf(headers, 'upgrade') !== undefined && from === origin)) return;
  throw new AuthError('cross_origin_request', 'A request with a session cookie came from another origin', {
    expected: `Sec-Fetch-Site same-origin, or Origin ${origin}`,
    ...(from === 'null' ? { seen: NULL_ORIGIN } : {}),
  });
}

const NULL_ORIGIN =
  "Origin null: what a page with Referrer-Policy no-referrer (helmet's default) sends on plain http";
