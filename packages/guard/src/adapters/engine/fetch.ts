import type { Answer } from '../../core/internal.ts';
import { answerRoute } from './answer-route.ts';
import type { EngineHost } from './engine.ts';
import { LONGEST_MESSAGE, pathOf, type Refuser, type Routes, toHeader } from './routes.ts';

// Requests and answers of the Fetch standard, which Hono, Next.js, SvelteKit, Bun, Deno and others have.

/** As much of a `Request` as there is: some frameworks show only its headers. */
export interface FetchRequest {
  readonly headers: Headers;
  /** An unknown one counts as one that changes something. */
  readonly method?: string | undefined;
  /** With scheme and host. If it is unknown, sessions need `publicUrl`. */
  readonly url?: string | undefined;
}

/** Headers and cookies for an answer that does not exist yet. */
export interface FetchReply {
  extra?: Pick<Answer, 'headers' | 'setCookies'>;
}

/** The part of a host that all frameworks with requests of the Fetch standard share. */
export type FetchHost = Pick<
  EngineHost<FetchRequest, FetchReply>,
  'toRequest' | 'toSessionRequest' | 'addToAnswer'
>;

/**
 * Of a URL without a host, each router cuts off another part. Bun leaves it out where the header `Host` is none, Deno and workerd
 * make `http:///x/y` of `Host: /x`.
 */
const hasHost = (url: string): boolean => /^[a-z][a-z\d+.-]*:\/\/[^\\/?#]/i.test(url);

/** In the place of a URL without a host: nobody takes it for a path. */
const withHost = (url: string): string => (hasHost(url) ? url : '//');

export const fetchHost: FetchHost = {
  toRequest: (request) => request,
  toSessionRequest: ({ method, url = '', headers }) => ({ method, url: url && withHost(url), headers }),
  addToAnswer(reply, { headers, setCookies }) {
    const before = reply.extra;
    const all: Record<string, string> = { ...before?.headers };
    for (const [name, value] of Object.entries(headers)) all[name] = toHeader(name, value, all[name]);
    reply.extra = {
      headers: all,
      setCookies: [...(before?.setCookies ?? []), ...setCookies],
    };
  },
};

/** An answer as a `Response`. Which connections are kept is for the server to decide. */
export function toFetchAnswer({ status, headers, setCookies, body }: Answer, method?: string): Response {
  const all = new Headers(headers);
  all.delete('connection');
  for (const cookie of setCookies) all.append('set-cookie', cookie);
  // A framework that passes it on as a stream, as Hono does, has no length.
  if (body !== undefined) all.set('content-length', String(new TextEncoder().encode(body).byteLength));
  return new Response(method === 'HEAD' ? null : (body ?? null), { status, headers: all });
}

/**
 * Adds headers and cookies to an answer. To a copy: a handler may give the same `Response` to all callers, and the headers
 * of some, as of `Response.redirect()`, cannot be changed.
 */
export function addToFetchAnswer(response: Response, { extra }: FetchReply): Response {
  // Neither an upgrade nor an error of the network can be copied.
  if (extra === undefined || response.status < 200) return response;
  const copy = new Response(response.body, response);
  for (const [name, value] of Object.entries(extra.headers))
    copy.headers.set(name, toHeader(name, value, copy.headers.get(name)));
  for (const cookie of extra.setCookies) copy.headers.append('set-cookie', cookie);
  return copy;
}

/**
 * The body of a request as a string.
 *
 * @param limit bytes; of a longer one nothing more is read
 * @returns `null` for a body that is longer
 */
export async function readFetchBody(request: Request, limit: number): Promise<string | null> {
  const reader = request.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.byteLength;
    if (length > limit) {
      reader.cancel().catch(() => {});
      return null;
    }
    text += decoder.decode(value, { stream: true });
  }
}

/**
 * The answer to a request for one of the routes; `undefined` for any other request.
 *
 * @param incoming the framework's own request
 * @param readAgain gives the body if earlier middleware has read it
 */
export function answerFetchRoute<Incoming>(
  engine: Refuser<Incoming>,
  routes: Routes<Incoming>,
  incoming: Incoming,
  request: Request,
  readAgain: (incoming: Incoming) => Promise<unknown> = async () => undefined,
): Promise<Response> | undefined {
  const { method, url, headers } = request;
  const route = routes.find(method, pathOf(url));
  if (route === undefined) return undefined;
  const sent = {
    header: (name: string) => headers.get(name) ?? undefined,
    read: () => (request.bodyUsed ? readAgain(incoming) : readFetchBody(request, LONGEST_MESSAGE)),
  };
  return answerRoute(engine, route, incoming, sent).then((answer) => toFetchAnswer(answer as Answer, method));
}
