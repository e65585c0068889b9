import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** The open port. It can be closed and opened again with the same number, while the app lives on. */
export interface Listener {
  readonly port: number;
  /** Refuses connections and cuts open ones. */
  close(): Promise<void>;
  open(): Promise<void>;
}

/** @throws the error of `listen`, for example with the code `EADDRINUSE` */
export async function startListener(
  app: FastifyInstance,
  hosts: readonly string[],
  port: number,
): Promise<Listener> {
  await app.ready();
  let servers: Server[] = [];
  let bound = port;

  const listener: Listener = {
    get port() {
      return bound;
    },
    async open() {
      if (servers.length > 0) return;
      try {
        for (const host of hosts) {
          const server = createServer(app.routing);
          await listen(server, host, bound);
          servers.push(server);
          bound = (server.address() as AddressInfo).port;
        }
      } catch (error) {
        await listener.close();
        throw error;
      }
    },
    async close() {
      const closing = servers;
      servers = [];
      await Promise.all(
        closing.map(
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve());
              server.closeAllConnections();
            }),
        ),
      );
    },
  };
  await listener.open();
  return listener;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
