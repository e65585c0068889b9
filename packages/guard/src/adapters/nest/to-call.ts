import type { IncomingMessage, Server } from 'node:http';
import type { ExecutionContext, HttpServer } from '@nestjs/common';
import type { Answer } from '../../core/internal.ts';
import {
  addToNodeAnswer,
  type NodeRequest,
  nodeHost,
  originOf,
  publicOriginOf,
  toHeader,
} from '../engine/internal.ts';

import {
  type Call,
  graphqlRequestOf,
  graphqlResponseOf,
  isRequest,
  type KeycloakRequest,
  type Kind,
  kindOf,
  type Outgoing,
} from './call.ts';

/** Finds the token of a message. Returns `undefined` or `null` if the message has none. */
export type TokenReader = (context: ExecutionContext) => string | null | undefined;

/** Token readers by kind of context. */
export type TokenReaders = Partial<Record<Exclude<Kind, 'http'>, TokenReader | undefined>>;

/** The token of a context cannot be located. */
export class UnknownContextError extends Error {
  override readonly name = 'UnknownContextError';
}

/** Reads every context of an app. */
export type CallReader = ReturnType<typeof createCallReader>;

export function createCallReader(readers: TokenReaders = {}) {
  const handshakes = createHandshakes();
  return {
    handshakes,
    /** @throws {UnknownContextError} if the token cannot be located: the call must then be refused */
    toCall(context: ExecutionContext): Call {
      const kind = kindOf(context);
      if (kind === undefined) {
        throw new UnknownContextError(
          `A context of type "${context.getType()}" is unknown: known are http, graphql, ws and rpc`,
        );
      }
      const read = kind === 'http' ? undefined : readers[kind];
      const call = read === undefined ? toKnownCall(context, kind, handshakes) : toReadCall(context, read);
      if (call === undefined) throw new UnknownContextError(WHERE[kind]);
      return call;
    },
  };
}

const WHERE: Readonly<Record<Kind, string>> = {
  http: 'The first argument of a context of type "http" is not a request',
  graphql:
    'The GraphQL context has no request: put it there as req, or say where the token is with tokenFrom.graphql',
  ws: 'The handshake of this client is unknown: call handshake(client, request) of KeycloakService (KeycloakConnectService) in handleConnection, or say where the token is with tokenFrom.ws',
  rpc: 'Each transport has another place for a token: say where it is with tokenFrom.rpc',
};

function toKnownCall(context: ExecutionContext, kind: Kind, handshakes: Handshakes): Call | undefined {
  switch (kind) {
    case 'http': {
      const request: unknown = context.getArgByIndex(0);
      return isRequest(request)
        ? toHttpCall(context, request, context.getArgByIndex<Outgoing>(1))
        : undefined;
    }
    case 'graphql': {
      const request = graphqlRequestOf(context);
      return request && toHttpCall(context, request, graphqlResponseOf(context));
    }
    case 'ws':
      return toWsCall(context, handshakes);
    case 'rpc':
      return undefined;
  }
}

/** An object that only resembles a request, as an application puts into a GraphQL context, brings no session. */
const NOT_RECEIVED: ReturnType<Call['toSessionRequest']> = {
  method: undefined,
  url: '/',
  headers: {},
  origin: 'http://localhost',
};

/** The application's reader finds the token; no other place is searched. */
function toReadCall(context: ExecutionContext, read: TokenReader): Call {
  const token = read(context);
  const headers = typeof token === 'string' ? { authorization: `Bearer ${token}` } : {};
  return {
    context,
    request: undefined,
    credentials: { headers },
    toSessionRequest: () => NOT_RECEIVED,
    addToAnswer() {},
  };
}

/** The members of Fastify's request that are used here. Fastify 4 has no `host`. */
type FastifyLike = KeycloakRequest & {
  readonly raw: NodeRequest;
  readonly protocol: string;
  readonly host?: string;
  readonly hostname: string;
};

/** An HTTP request on Express or Fastify, or the one that carries a GraphQL operation. */
export function toHttpCall(
  context: ExecutionContext | undefined,
  request: KeycloakRequest,
  outgoing: Outgoing | undefined,
): Call {
  const raw = isFastify(request) ? request.raw : (request as NodeRequest);
  return {
    context,
    request,
    credentials: raw,
    toSessionRequest: () =>
      Array.isArray(raw.rawHeaders)
        ? { ...nodeHost.toSessionRequest(raw), origin: publicOrigin(request) }
        : NOT_RECEIVED,
    addToAnswer: (extra) => addToAnswer(outgoing, extra),
  };
}

function isFastify(request: KeycloakRequest): request is FastifyLike {
  const { raw } = request as Partial<FastifyLike>;
  return typeof raw?.headers === 'object';
}

/** The origin as the platform sees it, which heeds its setting for proxies. */
function publicOrigin(request: KeycloakRequest): string {
  if (!isFastify(request)) return publicOriginOf(request as NodeRequest);
  return `${request.protocol}://${request.host ?? request.hostname}`;
}

function addToAnswer(outgoing: Outgoing | undefined, extra: Pick<Answer, 'headers' | 'setCookies'>): void {
  if (outgoing === undefined) return;
  if (!('headers' in outgoing)) {
    addToNodeAnswer(outgoing, extra);
    return;
  }
  if (outgoing.sent) return;
  for (const [name, value] of Object.entries(extra.headers))
    outgoing.header(name, toHeader(name, value, outgoing.getHeader(name)));
  for (const cookie of extra.setCookies) outgoing.header('set-cookie', cookie);
}

/** Socket.IO's client, or that of `ws`. */
export interface Client {
  /** Socket.IO only. */
  readonly request?: IncomingMessage;
  readonly handshake?: { readonly auth?: { readonly token?: unknown } };
  /** `ws` only. */
  readonly _socket?: object;
}

/** The request that each connection began with, which a `ws` client does not keep, and the token it was renewed with. */
export type Handshakes = ReturnType<typeof createHandshakes>;

function createHandshakes() {
  const known = new WeakMap<object, IncomingMessage>();
  const renewed = new WeakMap<object, string>();
  return {
    /** @param client a `ws` client, or its socket */
    remember: (client: object, request: IncomingMessage): void => void known.set(client, request),
    find: (client: Client): IncomingMessage | undefined =>
      client.request ?? known.get(client) ?? (client._socket && known.get(client._socket)),
    /** Later messages use this token. */
    goOnWith: (client: object, token: string): void => void renewed.set(client, token),
    tokenOf: (client: Client): unknown => renewed.get(client) ?? client.handshake?.auth?.token,
  };
}

/**
 * Learns which request each WebSocket of the app's own server begins with. It listens only beside another listener: a server with
 * a listener accepts every upgrade, and without an answer the request hangs.
 */
export function listenToHandshakes(platform: HttpServer, handshakes: Pick<Handshakes, 'remember'>): void {
  const server = platform.getHttpServer() as Server;
  // First of all: a gateway may ask for the request at once.
  const listen = () =>
    server.prependListener('upgrade', (request: IncomingMessage, socket: object) =>
      handshakes.remember(socket, request),
    );
  const onListener = (event: string | symbol): void => {
    if (event !== 'upgrade') return;
    server.off('newListener', onListener);
    listen();
  };
  if (server.listenerCount('upgrade') > 0) listen();
  else server.on('newListener', onListener);
}

/**
 * A WebSocket message, or the connection itself. Its token is the one of the handshake or of the last renewal. It is
 * checked again with each message, so a token that was revoked or has expired since then is refused.
 *
 * @returns `undefined` if the handshake is unknown
 */
function toWsCall(context: ExecutionContext, handshakes: Handshakes): Call | undefined {
  const client = context.switchToWs().getClient<Client>();
  const request = handshakes.find(client);
  if (request === undefined) return undefined;
  const token = handshakes.tokenOf(client);
  return {
    context,
    request,
    // Browsers cannot set headers on a WebSocket; Socket.IO sends the token in `auth` instead.
    credentials: typeof token === 'string' ? { headers: { authorization: `Bearer ${token}` } } : request,
    // No method, so that a session treats it as a request that another site must not send (RFC 6455 §10.2).
    toSessionRequest: () => ({
      ...nodeHost.toSessionRequest(request),
      method: undefined,
      origin: originOf(request),
    }),
    addToAnswer() {},
  };
}
