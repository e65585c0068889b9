import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection that is driven by hand, as an attacker's. */
export interface RawClient {
  readonly socket: Socket;
  /** What came back so far. */
  received(): string;
  /** Resolves when the connection has ended, to how long it lived. Unit: milliseconds. */
  readonly ended: Promise<number>;
}

export async function openRawClient(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let received = '';
  const begin = performance.now();
  const ended = new Promise<number>((resolve) => {
    socket.on('close', () => resolve(performance.now() - begin));
  });
  // A reset is an end like another.
  socket.on('error', () => {});
  socket.on('data', (data) => {
    received += data.toString('latin1');
  });
  await once(socket, 'connect');
  return { socket, received: () => received, ended };
}
