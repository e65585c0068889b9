import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** A request, until its answer is written. */
export interface Answer {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Unit: milliseconds, as `performance.now` counts. */
  readonly beganAt: number;
  /** Pattern of the route; `undefined` where none takes the request. */
  route: string | undefined;
}

/** @param ms from the first hook until the whole answer is handed over to the system. Unit: milliseconds */
export type OnAnswered = (answer: Answer, ms: number) => void;

const ANSWER = Symbol('answer');
type Watched = ServerResponse & { [ANSWER]?: Answer | undefined };

/**
 * Tells listeners of every answer, or that the caller hung up before. Not by Fastify's hook `onResponse`, which makes a
 * listener for each request and takes it away again, nor by `routeOptions`, which it puts together each time.
 *
 * Call it before the first hook and route.
 */
export function tellAnswers(
  app: FastifyInstance,
  { answered, aborted }: { answered: readonly OnAnswered[]; aborted?: OnAnswered | undefined },
): void {
  if (answered.length === 0) return;
  const hungUp = aborted === undefined ? [] : [aborted];

  function tell(raw: Watched, listeners: readonly OnAnswered[]): void {
    const answer = raw[ANSWER];
    // `inject` of tests says it twice.
    if (answer === undefined) return;
    raw[ANSWER] = undefined;
    // Refused before the hooks of its route, or without one.
    answer.route ??= answer.request.routeOptions.url;
    const ms = performance.now() - answer.beganAt;
    for (const listener of listeners) listener(answer, ms);
  }
  function onEnd(this: Watched): void {
    tell(this, answered);
  }
  function onClose(this: Watched): void {
    tell(this, hungUp);
  }

  app.addHook('onRequest', (request, reply, done) => {
    const raw: Watched = reply.raw;
    raw[ANSWER] = { request, reply, beganAt: performance.now(), route: undefined };
    raw.on('finish', onEnd);
    // Without a listener, an error of an answer ends the process.
    raw.on('error', onEnd);
    if (aborted !== undefined) raw.on('close', onClose);
    done();
  });
  app.addHook('onRoute', (route) => {
    const { url, onRequest = [] } = route;
    function noteRoute(_request: FastifyRequest, { raw }: { raw: Watched }, done: () => void): void {
      const answer = raw[ANSWER];
      if (answer !== undefined) answer.route = url;
      done();
    }
    route.onRequest = [noteRoute, ...[onRequest].flat()];
  });
}
