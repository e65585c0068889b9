import type { FastifyRequest } from 'fastify';

/**
 * Runs with a signal that is aborted when the connection ends. Not by the `close` of request or response: it may have
 * come while the limits were asked, and never comes to a request that waits behind another on its connection.
 */
export async function whileConnected<T>(
  { raw: { socket } }: FastifyRequest,
  run: (gone: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (socket.destroyed) abort();
  // One for each request that waits on this connection.
  else socket.setMaxListeners(0).once('close', abort);
  try {
    return await run(controller.signal);
  } finally {
    socket.off('close', abort);
  }
}
