import type { IncomingMessage, Server } from 'node:http';
import type { ExecutionContext, HttpServer } from '@nestjs/common';
import { nodeHost, originOf } from '../engine/internal.ts';
import type { Call, Carrier } from './call.ts';

/** Socket.IO's client, or that of `ws`. */
export interface Client extends Carrier {
  /** Socket.IO only. */
  readonly request?: IncomingMessage;
  readonly handshake?: { readonly auth?: { readonly token?: unknown } };
  /** `ws` only. */
  readonly _socket?: object;
}

/** The request that each connection began with, which a `ws` client does not keep, and the token it was renewed with. */
export type Handshakes = ReturnType<typeof createHandshakes>;

export function createHandshakes() {
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
export function hearOfHandshakes(platform: HttpServer, handshakes: Pick<Handshakes, 'remember'>): void {
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
export function toWsCall(context: ExecutionContext, handshakes: Handshakes): Call | undefined {
  const client = context.switchToWs().getClient<Client>();
  const request = handshakes.find(client);
  if (request === undefined) return undefined;
  const token = handshakes.tokenOf(client);
  return {
    context,
    request,
    // Browsers cannot set headers on a WebSocket; Socket.IO sends the token in `auth` instead.
    credentials: typeof token === 'string' ? { headers: { authorization: `Bearer ${token}` } } : request,
    carrier: client,
    // No method, so that a session treats it as a request that another site must not send (RFC 6455 §10.2).
    toWire: () => ({ ...nodeHost.toWire(request), method: undefined, origin: originOf(request) }),
    addToAnswer() {},
  };
}
