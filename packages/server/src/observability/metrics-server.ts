import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `GET /metrics` on a separate port, so metrics cannot become public by mistake. */
export async function startMetricsServer(
  metrics: { metrics(): Promise<string>; readonly contentType: string },
  { host, port }: { host: string; port: number },
): Promise<{ port: number; close(): void }> {
  const server = createServer(async (request, response) => {
    const isMetrics = request.url?.split('?', 1)[0] === '/metrics';
    if (!isMetrics || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"detail":"Not Found"}');
      return;
    }
    const body = await metrics.metrics().catch(() => undefined);
    if (body === undefined) {
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"detail":"Service Unavailable"}');
      return;
    }
    response.writeHead(200, { 'content-type': metrics.contentType }).end(body);
  });
  server.requestTimeout = 5_000;
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
