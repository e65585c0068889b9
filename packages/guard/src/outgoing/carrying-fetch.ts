import { sendWithToken } from '../client/internal.ts';
import { notCached, readChallenges } from '../core/internal.ts';
import type { OriginOptions, TokenSource } from './options.ts';

const TIMEOUT_MS = 10_000;

/**
 * A `fetch` whose token goes to one origin and nowhere else: other addresses are refused, redirects are not followed. A 401
 * that says `invalid_token` (RFC 6750 §3.1) is answered with another token, once. A token that is bound to a key comes with a proof
 * for each request.
 */
export function createCarryingFetch(service: OriginOptions) {
  const { timeoutMs = TIMEOUT_MS, fetch = globalThis.fetch } = service;
  const { origin } = new URL(service.origin);
  return async (source: TokenSource, path: string | URL, init: RequestInit = {}): Promise<Response> => {
    const url = toUrl(origin, path);
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
    const send = (token: string) => {
      const all = new Headers(init.headers);
      const sendOnce = (carried: HeadersInit) =>
        fetch(url, { ...notCached(), ...init, headers: carried, redirect: 'manual', signal });
      if (source.key !== undefined) {
        const request = {
          url,
          method: init.method ?? 'GET',
          headers: all,
          isSentAgain: isSentAgain(init.body),
        };
        return sendWithToken(source.key, token, request, sendOnce);
      }
      all.set('authorization', `Bearer ${token}`);
      return sendOnce(all);
    };
    const token = await source.get();
    const answer = await send(token);
    if (!isTokenRefused(answer) || !isSentAgain(init.body)) return answer;
    source.drop(token);
    const next = await source.get();
    if (next === token) return answer;
    await answer.body?.cancel();
    return send(next);
  };
}

/** @throws {TypeError} for an address of another origin */
function toUrl(origin: string, path: string | URL): URL {
  const url = new URL(path, origin);
  if (url.href.startsWith(`${origin}/`)) return url;
  throw new TypeError(`The address is not one of ${origin}, which alone gets this token`);
}

function isTokenRefused({ status, headers }: Response): boolean {
  if (status !== 401) return false;
  return readChallenges(headers.get('www-authenticate') ?? '').some(({ error }) => error === 'invalid_token');
}

/** A stream can be sent once only. */
function isSentAgain(body: RequestInit['body']): boolean {
  return (
    !(body instanceof ReadableStream) &&
    (typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body))
  );
}
