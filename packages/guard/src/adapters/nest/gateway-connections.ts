import type { ExecutionContext, Type } from '@nestjs/common';
import { AuthError, isAuthError, type Principal, type Requirements } from '../../core/index.ts';
import { DpopCredentials, type Log, once, readCredentials } from '../../core/internal.ts';
import {
  type Connection,
  type ConnectionGuard,
  canRecover,
  type Engine,
  RECOVERED,
  type SocketIoMiddleware,
  toSocketIoMiddleware,
  toToken,
} from '../engine/internal.ts';
import type { Call } from './call.ts';
import { refuse } from './decide.ts';
import {
  buffer,
  disconnect,
  endUnknown,
  type GatewayClient,
  isKnownClient,
  isOver,
  isSocketIo,
} from './gateway-client.ts';
import type { Client, Handshakes } from './to-call.ts';

/** Ends each gateway connection when its caller's token or session ends. */
export type GatewayConnections = ReturnType<typeof createGatewayConnections>;

const UNKNOWN = 'A client of a gateway is neither of ws nor of Socket.IO, and is refused';
const UNENDED =
  'Clients of a gateway are neither of ws nor of Socket.IO: each message is looked at, and the connection is not ended with its token';

/** @param toCall throws if the client's handshake is unknown */
export function createGatewayConnections(
  engine: Pick<Engine<Call, Call, never>, 'connections' | 'refusalOf'>,
  handshakes: Handshakes,
  toCall: (context: ExecutionContext) => Call,
  log: Pick<Log, 'warn' | 'error'>,
) {
  const open = new WeakMap<object, Promise<Connection>>();
  const { connections } = engine;
  const everybody = connections.guard({});
  const callOf = (client: object) => toCall(toClientContext(client as Client));

  /** Later messages are checked with the renewed token. */
  function keep(client: object, opening: Promise<Connection>): Promise<Connection> {
    const kept = opening.then((connection) =>
      withRenewal(connection, (token) => handshakes.goOnWith(client, toToken(token))),
    );
    open.set(client, kept);
    return kept;
  }

  /** Rejects with the refusal. An admitted client is disconnected when its time is over. */
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

  const reportUnknown = once(() => log.warn({}, UNENDED));

  return {
    /** Starts watching the client of an admitted message, by the token of its handshake. Repeated calls change nothing. */
    follow(context: ExecutionContext, call: Call) {
      const client = clientOf(context);
      // With `tokenFrom.ws`, each message may carry its own token.
      if (call.request === undefined || open.has(client)) return;
      if (!isKnownClient(client)) return reportUnknown();
      watch(client, everybody.open(call)).catch((error: unknown) => {
        // Keycloak does not answer at the moment: the next message tries again.
        if (!isAuthError(error) || error.statusCode !== 503) turnAway(client, error);
      });
    },
    /**
     * The connection of a client whose handshake came with a proof of possession, which was good once (RFC 9449 §11.1).
     * `undefined` for every other client.
     */
    proved(context: ExecutionContext, call: Call): Promise<Connection> | undefined {
      const client = clientOf(context);
      if (!(readCredentials(call.credentials, true) instanceof DpopCredentials)) return undefined;
      if (!open.has(client) && isKnownClient(client))
        void watch(client, everybody.open(call)).catch(() => {});
      return open.get(client);
    },
    /** Guards the connection itself. Disconnects a refused client and resolves to `undefined`. */
    async connect(client: object, requirements: Requirements): Promise<Principal | undefined> {
      const guard = connections.guard(requirements);
      if (!isKnownClient(client)) {
        log.error({}, UNKNOWN);
        endUnknown(client);
        return undefined;
      }
      const buffering = buffer(client);
      try {
        if (isSocketIo(client) && canRecover(client)) throw new Error(RECOVERED);
        const principal = await watch(client, guard.open(callOf(client)));
        buffering.decide(true);
        return principal;
      } catch (error) {
        buffering.decide(false);
        return turnAway(client, error);
      } finally {
        buffering.resume();
      }
    },
    /** @throws {WsException} rejects with what a guard would refuse the token with; the old token stays in use */
    async renew(client: object, token: unknown): Promise<Principal> {
      try {
        const connection = await open.get(client);
        if (connection === undefined)
          throw new AuthError('missing_token', 'The connection was never admitted');
        return await connection.renew(token as string);
      } catch (error) {
        const context = toClientContext(client as Client);
        return refuse(engine, error, context, toCall(context));
      }
    },
    /** @throws {OptionsError} for a misspelt or empty requirement */
    socket(requirements: Requirements): SocketIoMiddleware {
      const guard = connections.guard(requirements);
      return (socket, next) => {
        const begin = async () => keep(socket, guard.open(callOf(socket)));
        const ofSocket: ConnectionGuard<unknown> = { open: begin, openWith: begin };
        toSocketIoMiddleware(ofSocket, log)(socket, next);
      };
    },
  };
}

/** @param onRenew called with each new token that was good */
function withRenewal(connection: Connection, onRenew: (token: string) => void): Connection {
  async function renew(token: string): Promise<Principal> {
    const principal = await connection.renew(token);
    onRenew(token);
    return principal;
  }
  return Object.create(connection, { renew: { value: renew } });
}

const clientOf = (context: ExecutionContext): object => context.switchToWs().getClient<object>();

/** Stands in for the handler when a connection is guarded rather than a message. */
function handleConnection(): void {}

/** Nest has no context while a client connects. Listeners and token readers get this one instead. */
function toClientContext(client: Client): ExecutionContext {
  const args = [client];
  const ofKind = {
    getClient: () => client,
    getData: () => undefined,
    getPattern: () => 'connection',
    getContext: () => undefined,
    getRequest: () => undefined,
    getResponse: () => undefined,
    getNext: () => undefined,
  };
  const context = {
    getType: () => 'ws',
    getClass: () => client.constructor as Type,
    getHandler: () => handleConnection,
    getArgs: () => args,
    getArgByIndex: (index: number) => args[index],
    switchToWs: () => ofKind,
    switchToHttp: () => ofKind,
    switchToRpc: () => ofKind,
  };
  return context as unknown as ExecutionContext;
}
