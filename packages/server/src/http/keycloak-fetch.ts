import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { toHeaders } from 'keycloak-guard/unstable';

/** As the `fetch` of Node.js does: shorter than servers and proxies keep idle connections. Unit: milliseconds. */
const KEEP_IDLE_MS = 4_000;
/** More than any answer that is read; see `readBody` of keycloak-guard. */
const MAX_BYTES = 1024 * 1024 + 1;

/** Nothing is unpacked here. */
const STANDARD = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'keycloak-guard' };

/**
 * A `fetch` for calls to Keycloak, by `node:http`: half the processor time of Node's own, whose other half is more than the rest of
 * a login (`npm run bench -- by-hand`). It sends strings and forms, follows no redirects, and reads the whole answer.
 *
 * Calls that need more go to Node's own: those that follow redirects, and all of them behind a proxy of the environment.
 */
export function createKeycloakFetch({ usesEnvProxy = false } = {}): typeof fetch {
  if (usesEnvProxy) return globalThis.fetch;
  const kept = { keepAlive: true, timeout: KEEP_IDLE_MS };
  const agents = { 'http:': new http.Agent(kept), 'https:': new https.Agent(kept) };

  const send = (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const { method = 'GET', headers, body = null, signal, redirect } = init;
    const isForm = body instanceof URLSearchParams;
    // Not `instanceof Request`: the first mention of it loads all of Node's own `fetch`, a twentieth of the start.
    const isAddress = isText(input) || input instanceof URL;
    if (!isAddress || redirect !== 'manual' || !(isForm || body === null || isText(body))) {
      return globalThis.fetch(input, init);
    }
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const url = new URL(input);
      const { request } = url.protocol === 'https:' ? https : http;
      const sent = request(
        url,
        {
          method,
          agent: agents[url.protocol as keyof typeof agents],
          headers: {
            ...STANDARD,
            ...(isForm && { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' }),
            ...(headers === undefined || isPlain(headers)
              ? headers
              : Object.fromEntries(new Headers(headers))),
          },
        },
        (answer) => read(answer).then(resolve, fail),
      );
      const abort = (): void => fail(signal?.reason);
      function fail(reason: unknown): void {
        reject(reason);
        sent.destroy();
      }
      signal?.addEventListener('abort', abort);
      sent.on('error', (cause) => reject(new TypeError('fetch failed', { cause })));
      sent.once('close', () => signal?.removeEventListener('abort', abort));
      sent.end(isForm ? body.toString() : body);
    });
  };
  return send as typeof fetch;
}

async function read(answer: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= MAX_BYTES) throw new Error('the answer is too large');
    }
  } catch (cause) {
    throw new TypeError('terminated', { cause });
  }
  const status = answer.statusCode as number;
  const headers = toHeaders(answer);
  // Chunked or not: now the length is known, and nobody has to count again.
  headers.set('content-length', String(bytes));
  const hasBody = status !== 204 && status !== 205 && status !== 304;
  return new Response(hasBody ? Buffer.concat(chunks) : null, { status, headers });
}

const isText = (value: unknown): value is string => typeof value === 'string';

const isPlain = (headers: HeadersInit): headers is Record<string, string> =>
  Object.getPrototypeOf(headers) === Object.prototype;
