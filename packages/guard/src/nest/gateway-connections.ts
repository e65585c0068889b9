import type { ExecutionContext } from '@nestjs/common';
import {
  type Connection,
  type ConnectionGuard,
  type Door,
  disconnectSocket,
  type SocketIoMiddleware,
  type SocketIoSocket,
  toSocketIoMiddleware,
  toToken,
} from '../adapter/internal.ts';
import { AuthError, isAuthError, type Principal, type Requirements } from '../core/index.ts';
import type { Log } from '../core/internal.ts';
import type { Call } from './call.ts';
import { toClientContext } from './client-context.ts';
import { refuse } from './decide.ts';
import type { Client, Handshakes } from './ws-call.ts';

/** Keeps the connections of gateways no longer than whoever is on them may be there. */
export interface GatewayConnections {
  /** Watches the client of a message that was let in, by the token of its handshake; once. */
  follow(call: Call): void;
  /** Guards the connection itself; whoever is refused is disconnected, and there is nobody. */
  connect(client: object, requirements: Requirements): Promise<Principal | undefined>;
  /** @throws {WsException} rejects as a guard would refuse the token; the connection goes on with the old one */
  renew(client: object, token: unknown): Promise<Principal>;
  /** @throws {OptionsError} for a requirement that is misspelt or empty */
  socket(requirements: Requirements): SocketIoMiddleware;
}

/** Of `ws`, as much of it as is needed. */
interface WsClient {
  readonly readyState: number;
  once(event: 'close', listener: () => void): unknown;
  close(code: number, reason: string): void;
  terminate(): void;
}

type GatewayClient = Client & (SocketIoSocket | WsClient);

/** After this a client of `ws` that does not answer the close is cut. Unit: milliseconds. */
const CUT_AFTER_MS = 1_000;
/** Of `ws`: the connection is closing, or closed. */
const CLOSING = 2;

/** @param toCall throws where the handshake of a client is not known */
export function createGatewayConnections(
  door: Pick<Door<Call, Call, never>, 'connections' | 'refusalOf'>,
  handshakes: Handshakes,
  toCall: (context: ExecutionContext) => Call,
  log: Pick<Log, 'error'>,
): GatewayConnections {
  const open = new WeakMap<object, Promise<Connection>>();
  const { connections } = door;
  const everybody = connections.guard({});
  const callOf = (client: object) => toCall(toClientContext(client as Client));

  /** What comes later on it is by the token that it goes on with. */
  function keep(client: object, opening: Promise<Connection>): Promise<Connection> {
    const kept = opening.then((connection) => ({
      get principal() {
        return connection.principal;
      },
      signal: connection.signal,
      async renew(token: string) {
        const principal = await connection.renew(token);
        handshakes.goOnWith(client, toToken(token));
        return principal;
      },
      end: connection.end,
    }));
    open.set(client, kept);
    return kept;
  }

  /** Rejects with the refusal, and then the client is disconnected. */
  async function watch(client: GatewayClient, opening: Promise<Connection>): Promise<Principal> {
    try {
      const connection = await keep(client, opening);
      if (isOver(client)) connection.end();
      else if (isSocketIo(client)) client.on('disconnect', connection.end);
      else client.once('close', connection.end);
      connection.signal.addEventListener('abort', () => disconnect(client, connection.signal.reason));
      return connection.principal;
    } catch (error) {
      open.delete(client);
      throw error;
    }
  }

  function turnAway(client: GatewayClient, error: unknown): undefined {
    if (!isAuthError(error)) log.error({ err: error }, 'A connection could not be guarded, and is closed');
    disconnect(client, error);
  }

  return {
    follow(call) {
      const client = call.carrier as GatewayClient;
      const isNobody = client.principal === undefined;
      // Where the application says where a message's token stands, the next one may have another.
      if (isNobody || call.request === undefined || open.has(client)) return;
      watch(client, everybody.open(call)).catch((error: unknown) => {
        // Nobody can tell at the moment: the next message begins anew.
        if (!isAuthError(error) || error.statusCode !== 503) turnAway(client, error);
      });
    },
    async connect(client, requirements) {
      const guard = connections.guard(requirements);
      try {
        return await watch(client as GatewayClient, guard.open(callOf(client)));
      } catch (error) {
        return turnAway(client as GatewayClient, error);
      }
    },
    async renew(client, token) {
      try {
        const connection = await open.get(client);
        if (connection === undefined) throw new AuthError('missing_token', 'Nobody is on the connection');
        return await connection.renew(token as string);
      } catch (error) {
        const context = toClientContext(client as Client);
        return refuse(door, error, context, toCall(context));
      }
    },
    socket(requirements) {
      const guard = connections.guard(requirements);
      return (socket, next) => {
        const begin = async () => keep(socket, guard.open(callOf(socket)));
        const ofSocket: ConnectionGuard<unknown> = { open: begin, openWith: begin };
        toSocketIoMiddleware(ofSocket)(socket, next);
      };
    },
  };
}

function isSocketIo(client: GatewayClient): client is Client & SocketIoSocket {
  return 'disconnect' in client;
}

/** It may have gone while its token was looked at. */
function isOver(client: GatewayClient): boolean {
  return isSocketIo(client) ? client.connected === false : client.readyState >= CLOSING;
}

/** Socket.IO is told why by an event, `ws` by the code: 4401, 4403; 1013 try again later, 1011 a fault here (RFC 6455 §7.4.1). */
function disconnect(client: GatewayClient, reason: unknown): void {
  if (isSocketIo(client)) {
    disconnectSocket(client, reason);
    return;
  }
  const { statusCode, detail } = isAuthError(reason)
    ? reason
    : { statusCode: 500, detail: 'Internal Server Error' };
  client.close(statusCode < 500 ? 4000 + statusCode : statusCode === 503 ? 1013 : 1011, detail);
  setTimeout(() => client.terminate(), CUT_AFTER_MS).unref();
}
