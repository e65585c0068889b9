import { AuthError } from '../core/index.ts';
import { headerOf } from '../core/internal.ts';
import type { SessionRequest } from './request.ts';

/** The part of a request that tells where it came from. Node's `IncomingMessage` fits. */
export type OriginatedRequest = Partial<Pick<SessionRequest, 'method'>> & Pick<SessionRequest, 'headers'>;

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** A WebSocket's handshake: over HTTP/1 a GET (RFC 6455 §4.1), over HTTP/2 a CONNECT (RFC 8441 §4). */
const isHandshake = ({ method, headers }: OriginatedRequest): boolean =>
  method === 'CONNECT' || headerOf(headers, 'upgrade') !== undefined;

/**
 * Whether no page of another origin gains anything by sending it: it changes nothing (RFC 9110 §9.2.1), and no script
 * reads the answer. A script that could read it is named by `Origin` (Fetch §3.2), and some frameworks' defaults let every
 * one of them read. A handshake is a GET whose cookies come along from siblings, and the page reads all that follows (RFC 6455
 * §10.2).
 */
export const isHarmless = (request: OriginatedRequest): boolean =>
  SAFE.has(request.method ?? '') &&
  !isHandshake(request) &&
  headerOf(request.headers, 'origin') === undefined;

/**
 * Refuses requests that a page of another origin may have sent. Browsers say so in `Sec-Fetch-Site`, older ones, and for
 * plain http, in `Origin`; where there is neither it is not known, and refused. A sibling domain (`same-site`) is another
 * origin. A handshake always has an `Origin`, and browsers send no `Sec-Fetch-Site` with it, so whoever adds headers later could
 * choose it: `Origin` alone counts.
 *
 * @throws {AuthError} `cross_origin_request`
 * @see Fetch Metadata Request Headers §2.3, RFC 6454 §7
 */
export function assertSameOrigin(request: OriginatedRequest, origin: string): void {
  const site = isHandshake(request) ? undefined : headerOf(request.headers, 'sec-fetch-site');
  const from = headerOf(request.headers, 'origin');
  if (site === undefined ? from === origin : site === 'same-origin') return;
  throw new AuthError('cross_origin_request', 'A request with a session cookie came from another origin', {
    expected: isHandshake(request)
      ? `a handshake with Origin ${origin}`
      : `Sec-Fetch-Site same-origin, or Origin ${origin}`,
    ...(from === 'null' ? { seen: NULL_ORIGIN } : {}),
  });
}

const NULL_ORIGIN =
  "Origin null: what a page with Referrer-Policy no-referrer (helmet's default) sends on plain http";
