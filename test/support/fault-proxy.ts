import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.ts';

/** What is wrong with the way to a server, or with the server as seen from here. */
export type Fault =
  /** Nobody listens; connections that are open break. */
  | { readonly kind: 'refuse' }
  /** Accepts, reads, and never answers. */
  | { readonly kind: 'hang' }
  /** Each answer comes so much later. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** The connection breaks (RST) after so many bytes of the answer. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** The connection ends (FIN) after so many bytes of the answer. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Answers itself, whatever the server would have said. */
  | {
      readonly kind: 'answer';
      /** Chunks, written one after the other; as long as it gives some. */
      readonly chunks: () => Iterable<string | Buffer>;
      /** Which requests; by their first line. Default: all. */
      readonly when?: RegExp;
    };

/** Stands before a server and spoils what comes and goes. Knows nothing of the protocol but who speaks first. */
export interface FaultProxy {
  readonly port: number;
  /** Begins a fault, or ends it. Connections that are open have it from their next request on. */
  set(fault: Fault | undefined): Promise<void>;
  /** Breaks every open connection. */
  breakConnections(): void;
  close(): Promise<void>;
}

export async function startFaultProxy(target: number, host = '127.0.0.1'): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  let fault: Fault | undefined;
  let server: Server | undefined;
  const port = await freePort();

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  }

  function serve(client: Socket): void {
    keep(client);
    const upstream = connect(target, host);
    keep(upstream);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.end());
    let answered = 0;

    client.on('data', (request) => {
      answered = 0;
      if (fault?.kind === 'hang') return;
      if (fault?.kind === 'answer' && (fault.when?.test(firstLine(request)) ?? true)) {
        void writeAll(client, fault.chunks());
        return;
      }
      upstream.write(request);
    });
    upstream.on('data', (answer) => {
      if (fault?.kind === 'hang') return;
      if (fault?.kind === 'slow') {
        setTimeout(() => client.writable && client.write(answer), fault.delayMs).unref();
        return;
      }
      if (fault?.kind === 'reset' || fault?.kind === 'cut') {
        const part = answer.subarray(0, Math.max(0, fault.afterBytes - answered));
        answered += answer.length;
        if (part.length > 0) client.write(part);
        if (answered < fault.afterBytes) return;
        if (fault.kind === 'cut') client.end();
        else client.resetAndDestroy();
        return;
      }
      client.write(answer);
    });
  }

  async function open(): Promise<void> {
    server = createServer(serve).listen(port, '127.0.0.1');
    await once(server, 'listening');
  }

  async function shut(): Promise<void> {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    const closed = once(closing, 'close');
    closing.close();
    self.breakConnections();
    await closed;
  }

  const self: FaultProxy = {
    port,
    async set(next) {
      fault = next;
      if (next?.kind === 'refuse') await shut();
      else if (server === undefined) await open();
    },
    breakConnections() {
      for (const socket of sockets) socket.destroy();
    },
    close: shut,
  };
  await open();
  return self;
}

const firstLine = (data: Buffer): string =>
  data.subarray(0, 2_000).toString('latin1').split('\r\n', 1)[0] ?? '';

async function writeAll(client: Socket, chunks: Iterable<string | Buffer>): Promise<void> {
  for (const chunk of chunks) {
    if (client.destroyed) return;
    if (client.write(chunk)) continue;
    await Promise.race([once(client, 'drain'), once(client, 'close')]).catch(() => {});
  }
  client.end();
}
