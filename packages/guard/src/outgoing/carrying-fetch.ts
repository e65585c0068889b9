import { sendWithToken } from '../client/internal.ts';
import { createBreaker, notCached, readChallenges, toFailureCode } from '../core/internal.ts';
import type { TokenSource } from './options.ts';

/** The service that is called. */
export interface CarryingFetchOptions {
  /** For example `https://orders.internal`. */
  readonly origin: string;
  /** Unit: milliseconds. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

/**
 * Calls one origin with a token.
 *
 * @param headers are added where `init` does not have them
 */
export type CarryingFetch = (
  source: TokenSource,
  path: string | URL,
  init: RequestInit | undefined,
  headers: Readonly<Record<string, string>>,
) => Promise<Response>;

/**
 * A `fetch` whose token goes to one origin and nowhere else: other addresses are refused, redirects are not followed. A 401
 * that says `invalid_token` (RFC 6750 §3.1) is answered with another token, once. A token that is bound to a key comes with a proof
 * for each request.
 */
export function createCarryingFetch({ origin, timeoutMs, fetch }: CarryingFetchOptions): CarryingFetch {
  const runIfReached = createServiceBreaker(origin);

  return async (source, path, init = {}, headers) => {
    const url = toUrl(origin, path);
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
    const send = (token: string) => {
      const all = new Headers(init.headers);
      for (const [name, value] of Object.entries(headers)) if (!all.has(name)) all.set(name, value);
      const sendOnce = (carried: HeadersInit) =>
        runIfReached(() =>
          fetch(url, { ...notCached(), ...init, headers: carried, redirect: 'manual', signal }),
        );
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

/** Calls in a row without a connection before others fail at once. */
const FAILURES = 5;

/**
 * Runs calls to a service. After several without a connection, others fail at once, and one tries again from time to time.
 *
 * @throws {TypeError} (the function that it returns) like `fetch` if the call is not run; or what the call throws
 */
export function createServiceBreaker(origin: string) {
  const breaker = createBreaker(undefined, FAILURES);
  return async <T>(call: () => Promise<T>): Promise<T> => {
    if (breaker.isOpen) throw toUnreachable(origin);
    breaker.begin();
    try {
      const result = await call();
      breaker.answered();
      return result;
    } catch (error) {
      if (isUnreachable(error)) breaker.failed(undefined, 'unreachable', breaker.answers);
      throw error;
    }
  };
}

/** Codes with which no connection is made. */
const NO_CONNECTION =
  /^(?:ECONNREFUSED|E(?:HOST|NET)UNREACH|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/;

/** A call that was too slow, that its caller ended, or that was cut off says nothing about the others. */
function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError && NO_CONNECTION.test(toFailureCode(error) ?? '');
}

function toUnreachable(origin: string): TypeError {
  const cause = Object.assign(new Error(`${origin} cannot be reached; it is tried again in a moment`), {
    code: 'EUNREACHABLE',
  });
  return new TypeError('fetch failed', { cause });
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

/** Trace Context of the W3C, §3.2 and §3.3 */
const PARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
const STATE = /^[\x20-\x7e]{1,512}$/;

/**
 * The headers that add a call to the trace of its request. None if OpenTelemetry is set up here:
 * it adds its own.
 *
 * @param read reads a header of that request
 */
export function traceContextOf(read: (name: string) => string | undefined): Record<string, string> {
  const api = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')];
  const parent = read('traceparent');
  if ((api as { propagation?: unknown } | undefined)?.propagation !== undefined) return {};
  if (parent === undefined || !PARENT.test(parent)) return {};
  const state = read('tracestate');
  return { traceparent: parent, ...(state !== undefined && STATE.test(state) ? { tracestate: state } : {}) };
}
