import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log } from '../../core/index.ts';
import { type Answer, FAULT } from '../../core/internal.ts';
import type { Connection, ConnectionGuard } from './connections.ts';

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
