import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { isHealthRoute } from '../http/health-routes.ts';

/** Share of the heap that V8 may have. */
const MAX_HEAP_SHARE = 0.95;
const RETRY_AFTER_SECONDS = 5;
const EVERY_MS = 1_000;
const RESOLUTION_MS = 10;

/**
 * Answers 503 while the heap is nearly full or, where that is set, the event loop comes round too late. Measured once
 * a second; a request pays for one comparison. Whether the process lives and is ready is told as before: a restart
 * would make it worse.
 *
 * There is no limit of lateness by default: 503 costs about as much as the answer, and a process that did not run
 * for a second (others took the processor, the machine was moved) counts as infinitely late for the next one. Nor is
 * there one of how busy the event loop is: a process that answers all it gets in a millisecond is busy all the time.
 *
 * By hand: @fastify/under-pressure reads the memory of the process from a file, and ends the process where no more files
 * may be open. Anybody can open connections until then.
 */
export function shedLoad(
  app: FastifyInstance,
  { maxEventLoopDelayMs }: Pick<Config, 'maxEventLoopDelayMs'>,
): void {
  const maxHeapBytes = MAX_HEAP_SHARE * getHeapStatistics().heap_size_limit;
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  if (maxEventLoopDelayMs > 0) delays.enable();
  let isOverloaded = false;
  const timer = setInterval(() => {
    const delayMs = delays.mean / 1e6 - RESOLUTION_MS;
    // Of a process that did not run, the mean is no number.
    const isLate = maxEventLoopDelayMs > 0 && !(delayMs <= maxEventLoopDelayMs);
    delays.reset();
    isOverloaded = isLate || getHeapStatistics().used_heap_size > maxHeapBytes;
  }, EVERY_MS).unref();
  app.addHook('onClose', async () => {
    clearInterval(timer);
    delays.disable();
  });
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
