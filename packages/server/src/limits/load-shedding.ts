import { getHeapStatistics } from 'node:v8';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { isHealthRoute } from '../http/health-routes.ts';

/** Share of the heap that V8 may have. */
const MAX_HEAP_SHARE = 0.95;
const RETRY_AFTER_SECONDS = 5;

/**
 * Answers 503 while the heap is nearly full or, where that is set, the event loop comes round too late. Measured once
 * a second; a request pays for two comparisons. Whether the process lives and is ready is told as before: a restart
 * would make it worse.
 *
 * There is no limit of lateness by default: 503 costs about as much as the answer, and a process that did not run
 * for a second (others took the processor, the machine was moved) counts as infinitely late for the next one. Nor is
 * there one of how busy the event loop is: a process that answers all it gets in a millisecond is busy all the time.
 */
export async function shedLoad(
  app: FastifyInstance,
  { maxEventLoopDelayMs }: Pick<Config, 'maxEventLoopDelayMs'>,
): Promise<void> {
  let isUnderPressure = (): boolean => false;
  // In a separate scope: the plugin's hook reads the options of the route, which Fastify assembles each time.
  await app.register(async (scope) => {
    await scope.register(underPressure, {
      maxEventLoopDelay: maxEventLoopDelayMs,
      maxHeapUsedBytes: MAX_HEAP_SHARE * getHeapStatistics().heap_size_limit,
    });
    isUnderPressure = scope.isUnderPressure;
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (!isUnderPressure() || isHealthRoute(request.routeOptions.url)) {
      done();
      return;
    }
    reply
      .code(503)
      .header('retry-after', String(RETRY_AFTER_SECONDS))
      .send({ detail: 'Service Unavailable' });
  });
}
