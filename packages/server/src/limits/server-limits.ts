import cluster from 'node:cluster';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';

type Limits = Pick<Config, 'loginWaitMs' | 'requestTimeoutMs' | 'timeoutMs'>;

/** Longest time for the headers to arrive. */
const HEADERS_MS = 10_000;

/**
 * What one connection may cost, for Fastify's options. Node looks for requests that take too long every 30 seconds
 * unless told otherwise: a bound of 15 seconds would be one of 45.
 */
export function serverLimits({ loginWaitMs, requestTimeoutMs, timeoutMs }: Limits) {
  return {
    requestTimeout: requestTimeoutMs,
    // Who neither sends nor reads: longer than a login may wait for its turn and for Keycloak, twice.
    connectionTimeout: requestTimeoutMs + loginWaitMs + 2 * timeoutMs,
    // Longer than proxies keep connections (nginx and AWS's load balancer 60 s): the proxy must
    // ends it, or it sends a request into a connection that is being closed.
    keepAliveTimeout: 75_000,
    http: {
      headersTimeout: Math.min(HEADERS_MS, requestTimeoutMs),
      connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs / 2),
      // As many bytes of headers as Node allows by default; more is 431.
      maxHeaderSize: 16 * 1024,
      // Checked where the answer can have a body.
      requireHostHeader: false,
    },
  };
}

/**
 * Bounds the connections of this process: more are closed at once. Those that are idle then make room, so that
 * whoever holds many and does nothing with them keeps nobody out for long.
 */
export function limitConnections(
  app: FastifyInstance,
  { maxConnections }: Pick<Config, 'maxConnections'>,
): void {
  if (maxConnections === 0) return;
  const { server } = app;
  let lastAt = Number.NEGATIVE_INFINITY;
  function onRefused(): void {
    const now = performance.now();
    if (now - lastAt < 1_000) return;
    lastAt = now;
    server.closeIdleConnections();
    app.log.warn({ code: 'too_many_connections', maxConnections }, 'connections are refused: too many');
  }

  if (!cluster.isWorker) {
    server.maxConnections = maxConnections;
    server.on('drop', onRefused);
    return;
  }
  // Of several workers Node gives what is too much for one to the next, round and round, and closes nothing.
  let open = 0;
  server.on('connection', (socket) => {
    open++;
    socket.once('close', () => open--);
    if (open <= maxConnections) return;
    socket.destroy();
    onRefused();
  });
}
