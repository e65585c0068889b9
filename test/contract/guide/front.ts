import { createServer, type IncomingHttpHeaders, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** Stands between the service and its provider: sees what is asked, and can have an outage. */
export interface Front {
  readonly url: string;
  /** Every request since the start, oldest first. */
  readonly seen: readonly SeenRequest[];
  /** `up` passes on; `refuse` closes the connection; `fail` answers 502; `hang` never answers. */
  mode: 'up' | 'refuse' | 'fail' | 'hang';
  close(): Promise<void>;
}

/** Passes everything on to `target`, the `Host` header too: the issuer follows it. */
export async function startFront(target: string): Promise<Front> {
  const { hostname, port, pathname } = new URL(target);
  const seen: SeenRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    seen.push({ path: incoming.url ?? '', headers: incoming.headers });
    if (front.mode === 'refuse') return void incoming.socket.destroy();
    if (front.mode === 'fail') return void outgoing.writeHead(502).end('<h1>Bad Gateway</h1>');
    if (front.mode === 'hang') return;
    const { method, headers } = incoming;
    const onward = request({ hostname, port, method, headers, path: incoming.url }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => breakOff(outgoing));
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const front: Front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname === '/' ? '' : pathname}`,
    seen,
    mode: 'up',
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return front;
}

function breakOff(outgoing: ServerResponse): void {
  outgoing.destroy();
}
