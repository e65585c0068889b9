import { hasSeveralHosts, headerOf, type RequestLike } from '../http/request.ts';

/**
 * The URI of a request as its client knows it, without query and fragment; `undefined` where nobody can tell.
 *
 * @param publicUrl by which clients call, perhaps with a path in front; without a slash at the end
 * @param given scheme, host and port by which clients call, where there is no public URL. Default: what the request says
 */
export function toRequestUri(
  request: RequestLike,
  publicUrl: string | undefined,
  given?: string,
): string | undefined {
  const [whole = ''] = (request.originalUrl ?? request.url ?? '').split(/[?#]/, 1);
  // RFC 9112 §3.2.2: a request to a proxy, or one of Fetch's, names the host in it.
  const [, origin, path = whole] = ABSOLUTE.exec(whole) ?? [];
  if (!path.startsWith('/')) return undefined;
  if (publicUrl !== undefined) return `${publicUrl}${path}`;
  if (hasSeveralHosts(request)) return undefined;
  const start = given ?? origin ?? toOrigin(request);
  return start !== undefined && ORIGIN.test(start) ? `${start}${path}` : undefined;
}

const ABSOLUTE = /^(https?:\/\/[^/]+)(.*)$/i;

/** Nothing but a host and a port: with `Host: api/orders?`, what was sent to another path would be for `/orders`. */
const ORIGIN = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i;

function toOrigin(request: RequestLike): string | undefined {
  const host = headerOf(request.headers, 'host') ?? headerOf(request.headers, ':authority');
  return host && `${request.socket?.encrypted === true ? 'https' : 'http'}://${host}`;
}

/**
 * Whether `htu` names the URI (RFC 9449 §4.3 step 9): query and fragment are ignored, and what RFC 3986 §6.2.2 and §6.2.3
 * call equivalent is equal. Steps back in the path of a request are not: some routers take them for names, and it is another
 * route that they lead to. Clients take them out before they send.
 */
export function isSameUri(htu: string, uri: string): boolean {
  if (htu === uri) return true;
  if (STEP.test(uri)) return false;
  const named = normalise(htu);
  return named !== undefined && named === normalise(uri);
}

const STEP = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

function normalise(text: string): string | undefined {
  // A URL may not hold them, and whoever parses one drops or changes them without a word.
  if (/[^\x21-\x5b\x5d-\x7e]/.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, username, password, host, pathname } = new URL(text);
  return username + password === '' ? `${protocol}//${host}${decodeUnreserved(pathname)}` : undefined;
}

/** RFC 3986 §6.2.2.1, §6.2.2.2. */
function decodeUnreserved(path: string): string {
  return path.replace(/%[\da-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : encoded.toUpperCase();
  });
}
