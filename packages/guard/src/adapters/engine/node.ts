import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Principal } from '../../core/index.ts';
import { type Answer, isThenable, type RequestGuard } from '../../core/internal.ts';
import { answerRoute } from './answer-route.ts';
import type { Engine, EngineHost } from './engine.ts';
import { LONGEST_MESSAGE, pathOf, type Refuser, type Routes, type SentBody, toHeader } from './routes.ts';

// Requests and answers of Node's own servers, which Express, Koa, Nest and others have underneath.

/** A request of `http`, `https` or `http2`. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
/** An answer of `http`, `https` or `http2`. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** The part of a host that all frameworks on Node's servers share. */
export type NodeHost = Pick<
  EngineHost<NodeRequest, NodeResponse>,
  'toRequest' | 'toSessionRequest' | 'addToAnswer'
> & {
  addressOf(request: NodeRequest): string | undefined;
};

export const nodeHost: NodeHost = {
  toRequest: (request) => request,
  toSessionRequest: (request) => ({
    method: request.method,
    url: urlOf(request),
    headers: receivedHeaders(request),
    origin: originOf(request),
  }),
  addToAnswer: addToNodeAnswer,
  // Express, and Fastify, have one that respects proxies.
  addressOf: (request) =>
    (request as { ip?: string }).ip ?? (request.socket as typeof request.socket | undefined)?.remoteAddress,
};

/**
 * The headers that a session is read from. Those of a handshake are as they arrived: Mercurius adds to `headers` what a later
 * message says, and a page of another origin could say there that it is one of ours.
 */
export function receivedHeaders({
  headers,
  rawHeaders = [],
  method,
}: NodeRequest): Record<string, string | string[] | undefined> {
  if (method !== 'CONNECT' && !hasUpgrade(rawHeaders)) return headers;
  const received: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    const before = Object.hasOwn(received, name) ? received[name] : undefined;
    const value = rawHeaders[at + 1] as string;
    // As Node joins them, so that two origins are none (RFC 9110 §5.3, RFC 6265 §5.4).
    received[name] = before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`;
  }
  return received;
}

/** By names alone: of each request. */
function hasUpgrade(rawHeaders: readonly string[]): boolean {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 7 && name.toLowerCase() === 'upgrade') return true;
  }
  return false;
}

/** The target as the client sent it: frameworks cut off the part that they have routed. */
function urlOf(request: NodeRequest): string {
  return (request as { originalUrl?: string }).originalUrl ?? request.url ?? '/';
}

/** Scheme, host and port that the request names; a proxy in front may have another origin. */
export function originOf(request: NodeRequest): string {
  const isSecure = (request.socket as { encrypted?: boolean }).encrypted === true;
  const host = (request as Partial<Http2ServerRequest>).authority ?? request.headers.host ?? '';
  return `${isSecure ? 'https' : 'http'}://${host}`;
}

/** The members of Express's request that are used here. */
type OnExpress = NodeRequest & {
  readonly protocol?: string;
  readonly app?: { get(setting: string): unknown };
};

/** The origin as Express sees it, with its `trust proxy`. */
export function publicOriginOf(request: OnExpress): string {
  const { protocol } = request;
  return protocol === undefined ? originOf(request) : `${protocol}://${hostOf(request)}`;
}

/** With the port: Express 4 cuts it off `request.hostname`, and has no other property that respects proxies. */
function hostOf(request: OnExpress): string {
  const isTrusted = request.app?.get('trust proxy fn') as
    | ((address: string | undefined, hop: number) => boolean)
    | undefined;
  const forwarded = [request.headers['x-forwarded-host'] ?? ''].flat().join();
  const isBehindProxy = forwarded !== '' && isTrusted?.(request.socket.remoteAddress, 0) === true;
  // The first of several, also where it is empty: then there is no host.
  return isBehindProxy ? (forwarded.split(',', 1)[0] as string).trim() : (request.headers.host ?? '');
}

export function addToNodeAnswer(
  response: NodeResponse,
  { headers, setCookies }: Pick<Answer, 'headers' | 'setCookies'>,
): void {
  // A guard that runs while an answer is sent, as GraphQL's do, comes too late for it.
  if (response.headersSent) return;
  for (const [name, value] of Object.entries(headers)) {
    // HTTP/2 has none (RFC 9113 §8.2.2).
    if (name === 'connection' && 'stream' in response) continue;
    response.setHeader(name, toHeader(name, value, response.getHeader(name)));
  }
  if (setCookies.length === 0) return;
  const before = response.getHeader('set-cookie') as string | string[] | undefined;
  response.setHeader('set-cookie', [...(before === undefined ? [] : [before].flat()), ...setCookies]);
}

/** Sends an answer, unless another one has begun or the client went away. */
export function answerNode(response: NodeResponse, answer: Answer): void {
  if (response.headersSent || response.writableEnded || response.destroyed) return;
  response.statusCode = answer.status;
  addToNodeAnswer(response, answer);
  if (answer.body === undefined) {
    response.end();
    return;
  }
  response.setHeader('content-length', Buffer.byteLength(answer.body));
  // HTTP/2 has no place for the body of an answer to HEAD.
  if (response.req.method === 'HEAD') response.end();
  else (response as ServerResponse).end(answer.body);
}

/** Calls the next middleware, or, with an error, the error handlers. */
export type Next = (error?: unknown) => void;
/** Middleware of connect, Express and others. */
export type NodeMiddleware = (request: NodeRequest, response: NodeResponse, next: Next) => void;

type RouteEngine = Refuser<NodeRequest>;

/**
 * A guard as middleware: a known token costs no promise. A browser that asks for a page without being signed in is sent
 * to the login before any error handler is called.
 *
 * @param refuse answers all other refused requests
 */
export function toNodeGuard<Incoming extends NodeRequest, Outgoing extends NodeResponse>(
  engine: Pick<Engine<Incoming, Outgoing, never>, 'inviteToLogin'>,
  guard: Pick<RequestGuard<Incoming, Outgoing>, 'decide'>,
  refuse: (error: unknown, request: Incoming, response: Outgoing, next: Next) => void,
): (request: Incoming, response: Outgoing, next: Next) => void {
  return toCallbackGuard(guard, (error, request, response, next) => {
    const invitation = engine.inviteToLogin(error, request);
    if (invitation === undefined) refuse(error, request, response, next);
    else answerNode(response, invitation);
  });
}

/** A guard as middleware with a callback: it sets `principal`, then calls `next`. */
export function toCallbackGuard<Incoming extends object, Outgoing, Done extends () => void>(
  guard: Pick<RequestGuard<Incoming, Outgoing>, 'decide'>,
  refuse: (error: unknown, request: Incoming, response: Outgoing, next: Done) => void,
): (request: Incoming, response: Outgoing, next: Done) => void {
  return (request, response, next) => {
    let decided: Principal | null | Promise<Principal | null>;
    try {
      decided = guard.decide(request, response);
    } catch (error) {
      refuse(error, request, response, next);
      return;
    }
    if (isThenable(decided)) {
      // Not in `then` itself: an error of `next` is not a refusal.
      decided.then(
        (principal) => admit(request, principal, next),
        (error: unknown) => refuse(error, request, response, next),
      );
    } else admit(request, decided, next);
  };
}

/** An optional guard keeps a principal that the application set itself. */
function admit(request: object, principal: Principal | null, next: () => void): void {
  if (principal !== null) (request as { principal?: Principal }).principal = principal;
  next();
}

/** Answers the requests for these routes, and lets all others through. */
export function toNodeRoutes(engine: RouteEngine, routes: Routes<NodeRequest>): NodeMiddleware {
  return (request, response, next) => {
    const route = routes.find(request.method, pathOf(request.url ?? '/'));
    if (route === undefined) {
      next();
      return;
    }
    answerRoute(engine, route, request, sentOnNode(request, (request as { body?: unknown }).body)).then(
      (answer) => answer && answerNode(response, answer),
      next,
    );
  };
}

/** @param parsed the result of an earlier body parser, if there was one */
export function sentOnNode(request: NodeRequest, parsed?: unknown): SentBody {
  return {
    header: (name) => request.headers[name] as string | undefined,
    async read() {
      if (parsed === undefined || !request.readableEnded) {
        const { readNodeBody } = await import('./parts/route-answer.ts');
        return readNodeBody(request, LONGEST_MESSAGE);
      }
      return Buffer.isBuffer(parsed) ? parsed.toString('utf8') : parsed;
    },
    isCutOff: () => request.destroyed && !request.complete,
  };
}
