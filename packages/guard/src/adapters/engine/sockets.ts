import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log, Principal } from '../../core/index.ts';
import { type Answer, FAULT, toPublic } from '../../core/internal.ts';
import type { Connection, ConnectionGuard } from './connection.ts';

/** The part of a socket of Socket.IO 4 that is needed. */
export interface SocketIoSocket {
  readonly handshake: { readonly auth: { readonly [name: string]: unknown } };
  readonly request: IncomingMessage;
  /** `false` before the connection begins and after it ends. */
  readonly connected?: boolean;
  readonly conn: {
    /** `open`, until the client is gone. */
    readonly readyState: string;
    once(event: 'close', listener: () => void): unknown;
    close(): unknown;
  };
  // biome-ignore lint/suspicious/noExplicitAny: anything that the application puts there
  data: any;
  // biome-ignore lint/suspicious/noExplicitAny: events have arguments of all kinds
  on(event: string, listener: (...args: any[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  disconnect(close?: boolean): unknown;
}

/** Middleware for `io.use`. */
export type SocketIoMiddleware = (socket: SocketIoSocket, next: (error?: Error) => void) => void;

/**
 * Guards the handshake of Socket.IO: by `auth.token`, by the `Authorization` header, or by the session cookie of this
 * origin. `socket.data.principal` is who it is. The event `auth` with a new token replaces the old one, and is acknowledged with
 * `{ ok }`; a socket whose token expired, or whose session ended, is told so (`auth_error`) and disconnected.
 */
export function toSocketIoMiddleware(
  guard: ConnectionGuard<IncomingMessage>,
  log: Pick<Log, 'error'>,
): SocketIoMiddleware {
  return (socket, next) => {
    if (canRecover(socket)) {
      log.error({}, RECOVERED);
      next(toConnectError(undefined));
      return;
    }
    const { token } = socket.handshake.auth;
    const opened =
      token === undefined ? guard.open(asUnsafe(socket.request)) : guard.openWith(socket.request, token);
    opened.then(
      (connection) => {
        // No event comes for a client that went away while it was decided on.
        if (socket.conn.readyState === 'open') follow(socket, connection);
        else connection.end();
        next();
      },
      (error: unknown) => next(toConnectError(error)),
    );
  };
}

export const RECOVERED =
  'Socket.IO sends recovered connections what they missed before it is decided who they are, so all are refused: leave connectionStateRecovery out';

/** A client that knows a session of Socket.IO is sent what it missed with no look at the token, also where middleware is not skipped. */
export function canRecover(socket: object): boolean {
  const { nsp } = socket as { nsp?: { server?: { opts?: { connectionStateRecovery?: unknown } } } };
  return Boolean(nsp?.server?.opts?.connectionStateRecovery);
}

function follow(socket: SocketIoSocket, connection: Connection): void {
  const admit = (principal: Principal) => {
    socket.data.principal = principal;
  };
  admit(connection.principal);
  // One of the two comes, whichever way it ends.
  socket.conn.once('close', connection.end);
  socket.on('disconnect', connection.end);
  socket.on('auth', (message: unknown, acknowledge: unknown) => {
    const answer = (said: object) => typeof acknowledge === 'function' && acknowledge(said);
    const token =
      typeof message === 'object' && message !== null ? (message as { token?: unknown }).token : message;
    connection.renew(token as string).then(
      (principal) => {
        admit(principal);
        answer({ ok: true });
      },
      (error: unknown) => answer({ ok: false, detail: toConnectError(error).message }),
    );
  });
  connection.signal.addEventListener('abort', () => disconnectSocket(socket, connection.signal.reason));
}

/** Tells the client why, and ends its connection. */
export function disconnectSocket(
  socket: Pick<SocketIoSocket, 'connected' | 'conn' | 'emit' | 'disconnect'>,
  reason: unknown,
): void {
  socket.emit('auth_error', { detail: toConnectError(reason).message });
  // While other middleware decides, `disconnect` does nothing.
  if (socket.connected) socket.disconnect(true);
  else socket.conn.close();
}

/** The client's `connect_error`. It says nothing about a fault here. */
function toConnectError(error: unknown): Error {
  const { statusCode, detail } = toPublic(error);
  return Object.assign(new Error(detail), { data: { statusCode, detail } });
}

/**
 * Long polling begins with a plain GET, and becomes a connection all the same: with a cookie, the origin is checked, as for
 * whatever has no method that is safe.
 */
function asUnsafe(request: IncomingMessage): IncomingMessage {
  return Object.create(request, { method: { value: undefined } }) as IncomingMessage;
}

/**
 * Takes over a connection that is guarded, for example by `wss.handleUpgrade` of `ws`. If it throws or rejects, the error is
 * logged and the socket is cut.
 */
export type AcceptUpgrade = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  connection: Connection,
) => void | Promise<void>;

/** A listener of a server's `upgrade` event. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** How long the application, or a client that was refused, has to end a socket before it is cut. Unit: milliseconds. */
const CUT_AFTER_MS = 1_000;

/** Guards the handshake of WebSockets, and ends them when they have to end. */
export function toUpgradeListener(
  guard: ConnectionGuard<IncomingMessage>,
  refusalOf: (error: unknown, request: IncomingMessage) => Answer | undefined,
  accept: AcceptUpgrade,
  log: Pick<Log, 'error'>,
): UpgradeListener {
  return (request, socket, head) => {
    const cutSoon = () => void setTimeout(() => socket.destroy(), CUT_AFTER_MS).unref();
    // A client that goes away does no harm while its token is checked, nor while the application takes its time.
    socket.on('error', () => {});
    guard.open(request).then(
      (connection) => {
        if (socket.destroyed) return connection.end();
        socket.once('close', connection.end);
        connection.signal.addEventListener('abort', cutSoon);
        // An error that is not caught here would end the process.
        new Promise<void>((resolve) => resolve(accept(request, socket, head, connection))).catch(
          (err: unknown) => {
            log.error({ err }, 'a guarded upgrade failed');
            socket.destroy();
          },
        );
      },
      (error: unknown) => {
        // Node's timeouts do not count for it any more: a client that keeps its end open would hold it for ever.
        socket.resume().end(toHttp(refusalOf(error, request) ?? FAULT));
        cutSoon();
      },
    );
  };
}

/** Node has no response object here to write into. */
function toHttp({ status, headers, body = '' }: Answer): string {
  const lines = Object.entries({
    ...headers,
    connection: 'close',
    'content-length': Buffer.byteLength(body),
  }).map(([name, value]) => `${name}: ${String(value).replace(/[\r\n]/g, ' ')}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}
