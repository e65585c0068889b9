import type { IncomingMessage, Server } from 'node:http';
import type { ExecutionContext, HttpServer } from '@nestjs/common';
import { nodeHost, originOf } from '../adapter/internal.ts';
import type { Call, Carrier } from './call.ts';

/** A client of Socket.IO, or of `ws`. */
export interface Client extends Carrier {
  /** Socket.IO's. */
  readonly request?: IncomingMessage;
  readonly handshake?: { readonly auth?: { readonly token?: unknown } };
  /** That of `ws`. */
  readonly _socket?: object;
}

/** Which request each connection began with: a client of `ws` does not keep it. And the token that it goes on with. */
export interface Handshakes {
  /** @param client of `ws`, or the socket underneath */
  remember(client: object, request: IncomingMessage): void;
  find(client: Client): IncomingMessage | undefined;
  /** From now on the client is whom this token names. */
  goOnWith(client: object, token: string): void;
  tokenOf(client: Client): unknown;
}

export function createHandshakes(): Handshakes {
  const known = new WeakMap<object, IncomingMessage>();
  const renewed = new WeakMap<object, string>();
  return {
    remember: (client, request) => void known.set(client, request),
    find: (client) => client.request ?? known.get(client) ?? (client._socket && known.get(client._socket)),
    goOnWith: (client, token) => void renewed.set(client, token),
    tokenOf: (client) => renewed.get(client) ?? client.handshake?.auth?.token,
  };
}

/** Learns which request each WebSocket of the app's own server begins with. */
export function hearOfHandshakes(platform: HttpServer, handshakes: Pick<Handshakes, 'remember'>): void {
  const server = platform.getHttpServer() as Server;
  server.prependListener('upgrade', (request: IncomingMessage, socket: object) =>
    handshakes.remember(socket, request),
  );
}

/**
 * A message on a WebSocket, or the connection itself. Its token is the one of the handshake, or what came after it, and is
 * looked at again with each message: what was revoked or is over since then is refused.
 *
 * @returns `undefined` where the handshake is not known
 */
export function toWsCall(context: ExecutionContext, handshakes: Handshakes): Call | undefined {
  const client = context.switchToWs().getClient<Client>();
  const request = handshakes.find(client);
  if (request === undefined) return undefined;
  const token = handshakes.tokenOf(client);
  return {
    context,
    request,
    // A browser cannot set a header here; Socket.IO sends a token beside them.
    credentials: typeof token === 'string' ? { headers: { authorization: `Bearer ${token}` } } : request,
    carrier: client,
    // Without a method it is for sessions what it is: nothing that any page may send (RFC 6455 §10.2).
    toWire: () => ({ ...nodeHost.toWire(request), method: undefined, origin: originOf(request) }),
    addToAnswer() {},
  };
}
