import { AuthError, type RequestLike } from '../../core/index.ts';
import {
  createStandardErrorLog,
  headerOf,
  type Log,
  parameterIn,
  toWrittenOrigin,
} from '../../core/internal.ts';

/** The part of a request that sessions need, in any framework. */
export interface SessionRequest<Source = unknown> extends RequestLike {
  readonly method: string | undefined;
  /** The unchanged URL with path and query: Node's `request.url`, or Fetch's, which includes the origin. */
  readonly url: string;
  /**
   * Scheme, host and port that the browser used. Read without `publicUrl`. Default: those of `url`, where
   * it has them.
   */
  readonly origin?: string | undefined;
  /** Stands as `reqId` in the lines of the log. */
  readonly id?: unknown;
  /** Default: problems are written to stderr. */
  readonly log?: Log | undefined;
  /** The framework's own request, for `onEvent`. */
  readonly source?: Source | undefined;
}

/** Empty, or with a `?` in front. */
export function queryOf(url: string): string {
  const [beforeFragment = ''] = url.split('#', 1);
  const at = beforeFragment.indexOf('?');
  return at === -1 ? '' : beforeFragment.slice(at);
}

/** A parameter that comes twice counts as not there. */
export function parameterOf(url: string, name: string): string | undefined {
  return parameterIn(queryOf(url).slice(1), name);
}

export function logOf(request: SessionRequest): Log {
  return request.log ?? STANDARD_ERROR;
}

const STANDARD_ERROR = createStandardErrorLog('browser sessions');

/**
 * Whether a browser asks for a page for a person, or sends a form and shows the answer as one, rather than a program or a script
 * asks for data. Browsers of today say so in `Sec-Fetch-Mode` and `Sec-Fetch-Dest`; of the others `Accept` has to prefer HTML.
 * Programs send `*`/`*`.
 *
 * @see Fetch Metadata Request Headers §2.1, §2.2, RFC 9110 §12.5.1
 */
export function isPageRequest({ method, headers }: Pick<SessionRequest, 'method' | 'headers'>): boolean {
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return false;
  if (headerOf(headers, 'upgrade') !== undefined) return false;
  const mode = headerOf(headers, 'sec-fetch-mode');
  const destination = headerOf(headers, 'sec-fetch-dest');
  if (mode !== undefined && mode !== 'navigate') return false;
  if (destination !== undefined) return destination === 'document';
  if (headerOf(headers, 'x-requested-with') !== undefined) return false;
  // Programs whose default prefers HTML, as Java's, send data.
  if (method === 'POST' && mode === undefined && !FORM.test(headerOf(headers, 'content-type') ?? ''))
    return false;
  const accept = headerOf(headers, 'accept') ?? '';
  const html = qualityOf(accept, 'text/html');
  return html > 0 && html >= qualityOf(accept, 'application/json');
}

/**
 * Whether a browser sends it for a script or a picture, which cannot follow to Keycloak's page. Programs such as Node's `fetch` name
 * a mode, and no site.
 */
export function isScript({ headers }: Pick<SessionRequest, 'headers'>): boolean {
  const mode = headerOf(headers, 'sec-fetch-mode') ?? 'navigate';
  return mode !== 'navigate' && headerOf(headers, 'sec-fetch-site') !== undefined;
}

/** HTML Standard §4.10.21.8 */
const FORM = /^\s*(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\s*(;|$)/i;

/** The quality of a media type in `Accept`; 0 if it is not named. Programs send wildcards, which do not count. */
function qualityOf(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    if (!range.includes(type)) continue;
    const [name, ...parameters] = range.split(';').map((part) => part.trim());
    if (name !== type) continue;
    const q = parameters.find((one) => one.startsWith('q='));
    const value = q === undefined ? 1 : Number(q.slice(2));
    return value >= 0 && value <= 1 ? value : 0;
  }
  return 0;
}

const LONGEST_PATH = 2048;

/**
 * The path to return to after a login; `home` for anything that is not clearly a path of this origin. Anything that a browser
 * could read as another host is refused: `//evil`, `/\evil`, `https:evil`, tabs and line breaks, and paths that become one
 * of these when they are normalised (`/.//evil`).
 *
 * @see RFC 9700 §4.11
 */
export function toReturnPath(value: unknown, origin: string, home: string): string {
  if (typeof value !== 'string' || value.length > LONGEST_PATH) return home;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop some of them, which changes what is left
  if (!value.startsWith('/') || /[\\\u0000-\u0020\u007f]/.test(value)) return home;
  if (!URL.canParse(value, origin)) return home;
  const url = new URL(value, origin);
  const path = `${url.pathname}${url.search}${url.hash}`;
  // Once more: percent-encoded it is up to nine times as long, and it has to fit into a cookie.
  return url.origin === origin && !path.startsWith('//') && path.length <= LONGEST_PATH ? path : home;
}

/** The part of a request that says where it came from. Node's `IncomingMessage` fits. */
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
  if (site === undefined ? from === toWrittenOrigin(origin) : site === 'same-origin') return;
  throw new AuthError('cross_origin_request', 'Nothing shows that a page of this origin sent the request', {
    expected: isHandshake(request)
      ? `a handshake with Origin ${origin}`
      : `Sec-Fetch-Site same-origin, or Origin ${origin}`,
    ...(from === 'null' ? { seen: NULL_ORIGIN } : {}),
  });
}

const NULL_ORIGIN =
  "Origin null: what a page with Referrer-Policy no-referrer (helmet's default) sends on plain http";
