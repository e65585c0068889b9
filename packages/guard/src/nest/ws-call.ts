import type { IncomingMessage } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import { nodeHost, originOf } from '../adapter/internal.ts';
import type { Call, Carrier } from './call.ts';

/** Which request each connection began with: a client of `ws` does not keep it. */
export interface Handshakes {
  /** @param client of `ws`, or the socket underneath */
  remember(client: object, request: IncomingMessage): void;
  find(client: object): IncomingMessage | undefined;
}

export function createHandshakes(): Handshakes {
  const known = new WeakMap<object, IncomingMessage>();
  return {
    remember: (client, request) => void known.set(client, request),
    find(client) {
      const { request, _socket: socket } = client as Client;
      return request ?? known.get(client) ?? (socket && known.get(socket));
    },
  };
}

/** A client of Socket.IO, or of `ws`. */
interface Client extends Carrier {
  /** Socket.IO's. */
  readonly request?: IncomingMessage;
  readonly handshake?: { readonly auth?: { readonly token?: unknown } };
  /** That of `ws`. */
  readonly _socket?: object;
}

/**
 * A message on a WebSocket. Its token is the one of the handshake, and is looked at again with each message: what was
 * revoked or is over since then is refused.
 *
 * @returns `undefined` where the handshake is not known
 */
export function toWsCall(context: ExecutionContext, handshakes: Handshakes): Call | undefined {
  const client = context.switchToWs().getClient<Client>();
  const request = handshakes.find(client);
  if (request === undefined) return undefined;
  const token = client.handshake?.auth?.token;
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
