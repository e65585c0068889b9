import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { isHealthRoute } from '../http/requests.ts';

type Limits = Pick<Config, 'requestTimeoutMs'>;

/** Longest time for the headers to arrive. */
const HEADERS_MS = 10_000;

/**
 * Bounds of one connection, for Fastify's options. Node looks for requests that take too long every 30 seconds
 * unless told otherwise: a bound of 15 seconds would be one of 45.
 */
export function serverLimits({ requestTimeoutMs }: Limits) {
  return {
    requestTimeout: requestTimeoutMs,
    // Longer than proxies keep connections (nginx and AWS's load balancer 60 s): the proxy must
    // end it, or it sends a request into a connection that is being closed.
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
 * Closes connections whose client does not read its answer. Those that send nothing have the bounds above.
 *
 * Not by the timeout of each socket (`connectionTimeout`), which is set anew several times for each request: that is 3 % of
 * it.
 *
 * @param patienceMs after which no more of the answer was taken
 */
export function closeUnread(app: FastifyInstance, patienceMs: number): void {
  const open = new Set<Socket>();
  /** How much of the answer was taken, and since when no more. */
  const waiting = new WeakMap<Socket, { readonly taken: number; readonly since: number }>();
  app.server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  function look(): void {
    const now = performance.now();
    for (const socket of open) {
      const taken = socket.bytesWritten - socket.writableLength;
      const before = waiting.get(socket);
      if (socket.writableLength === 0) waiting.delete(socket);
      else if (before?.taken !== taken) waiting.set(socket, { taken, since: now });
      else if (now - before.since >= patienceMs) socket.destroy();
    }
  }
  const timer = setInterval(look, patienceMs / 8).unref();
  app.addHook('onClose', async () => clearInterval(timer));
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

  server.maxConnections = maxConnections;
  server.on('drop', onRefused);
}

/** Share of the heap that V8 may have. */
const MAX_HEAP_SHARE = 0.95;
const RETRY_AFTER_SECONDS = 5;
const EVERY_MS = 1_000;

/**
 * Answers 503 while the heap is nearly full. Measured once a second; a request pays for one comparison. Health routes answer as
 * before: a restart would make it worse. How late or busy the event loop is does not count: 503 costs about as much as the answer.
 *
 * By hand: @fastify/under-pressure reads the memory of the process from a file, and ends the process where no more files
 * may be open. Anybody can open connections until then.
 */
export function shedLoad(app: FastifyInstance): void {
  const maxHeapBytes = MAX_HEAP_SHARE * getHeapStatistics().heap_size_limit;
  let isOverloaded = false;
  const timer = setInterval(() => {
    isOverloaded = getHeapStatistics().used_heap_size > maxHeapBytes;
  }, EVERY_MS).unref();
  app.addHook('onClose', async () => clearInterval(timer));
  app.addHook('onRequest', (request, reply, done) => {
    if (!isOverloaded || isHealthRoute(request.routeOptions.url)) {
      done();
      return;
    }
    reply
      .code(503)
      .header('retry-after', String(RETRY_AFTER_SECONDS))
      .send({ detail: 'Service Unavailable' });
  });
}
