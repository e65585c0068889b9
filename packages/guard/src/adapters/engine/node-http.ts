import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Answer } from '../../core/internal.ts';
import type { DoorHost } from './door.ts';
import { toHeader } from './to-header.ts';

// Requests and answers of Node's own servers, which Express, Koa, Nest and others have underneath.

/** A request of `http`, `https` or `http2`. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
/** An answer of `http`, `https` or `http2`. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** The part of a host that all frameworks on Node's servers share. */
export type NodeHost = Pick<DoorHost<NodeRequest, NodeResponse>, 'toRequest' | 'toWire' | 'addToAnswer'> & {
  addressOf(request: NodeRequest): string | undefined;
};

export const nodeHost: NodeHost = {
  toRequest: (request) => request,
  toWire: (request) => ({
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

/**
 * Reads the body of a request. `for await` would close the connection of a body that is too long, before it is answered.
 *
 * @param limit bytes; of a longer one nothing more is read
 * @returns `null` for a body that is longer
 */
export function readNodeBody(request: NodeRequest, limit: number): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (act: () => void) => {
      request.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      // A later error has no other listener.
      request.on('error', () => {});
      act();
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else {
        request.pause();
        end(() => resolve(null));
      }
    };
    const onEnd = () => end(() => resolve(Buffer.concat(chunks).toString('utf8')));
    const onError = (error: Error) => end(() => reject(error));
    const onClose = () => end(() => reject(new Error('The request was aborted')));
    request.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}
