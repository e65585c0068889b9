import { getHeapStatistics } from 'node:v8';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';

/** Of the heap that V8 may have. */
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
  await app.register(underPressure, {
    maxEventLoopDelay: maxEventLoopDelayMs,
    maxHeapUsedBytes: MAX_HEAP_SHARE * getHeapStatistics().heap_size_limit,
    pressureHandler: (request: FastifyRequest, reply: FastifyReply) => {
      if (request.routeOptions.url?.startsWith('/health/')) return undefined;
      reply.code(503).header('retry-after', String(RETRY_AFTER_SECONDS));
      // What is returned is sent, though the types do not say so.
      return { detail: 'Service Unavailable' } as never;
    },
  });
}
