/** What a Keycloak in memory is asked. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly contentType: string;
  readonly text: string;
}

/** Its answer; `undefined` where the connection breaks. */
export type InMemory = (
  asked: Asked,
) => readonly [status: number, json?: unknown, location?: string] | undefined;

const there = new Map<string, InMemory>();
const { fetch: overSockets } = globalThis;

/**
 * Calls of this process to a server of this file's callers take no socket: that takes several times as long as the answer. Other
 * processes, and tests of what comes over the wire, have the server itself.
 */
globalThis.fetch = async (input, init) => {
  const { body, method = 'GET', headers, signal } = init ?? {};
  const address = input instanceof Request ? input.url : String(input);
  const answer = there.get(address.split('/', 3).join('/'));
  const isPlain = body === undefined || body === null || typeof body === 'string';
  if (answer === undefined || input instanceof Request || !(isPlain || body instanceof URLSearchParams))
    return overSockets(input, init);
  signal?.throwIfAborted();
  const isForm = body instanceof URLSearchParams;
  const contentType = isForm
    ? 'application/x-www-form-urlencoded'
    : (new Headers(headers).get('content-type') ?? '');
  const answered = answer({ method, url: new URL(address), contentType, text: String(body ?? '') });
  if (answered === undefined)
    throw new TypeError('fetch failed', {
      cause: Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }),
    });
  const [status, json, location] = answered;
  const text = status === 204 ? null : json === undefined ? '' : JSON.stringify(json);
  const response = new Response(text, {
    status,
    headers: { 'content-type': 'application/json', ...(location ? { location } : {}) },
  });
  return Object.defineProperty(response, 'url', { value: address });
};

/** Answers this process's calls of `origin`, until what is returned is called. */
export function answerInMemory(origin: string, answer: InMemory): () => void {
  there.set(origin, answer);
  return () => void there.delete(origin);
}
