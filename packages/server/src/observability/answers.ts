import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isHealthRoute } from '../http/requests.ts';
import { type Logger, streamOf } from '../log/logger.ts';

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
 * Calls listeners for every answer, or when the caller hung up before. Not by Fastify's hook `onResponse`, which makes a
 * listener for each request and takes it away again, nor by `routeOptions`, which it puts together each time.
 *
 * Call it before the first hook and route.
 */
export function reportAnswers(
  app: FastifyInstance,
  { answered, aborted }: { answered: readonly OnAnswered[]; aborted?: OnAnswered | undefined },
): void {
  if (answered.length === 0) return;
  const hungUp = aborted === undefined ? [] : [aborted];

  function notify(raw: Watched, listeners: readonly OnAnswered[]): void {
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
    notify(this, answered);
  }
  function onClose(this: Watched): void {
    notify(this, hungUp);
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

/**
 * One line per request at `info`, in place of Fastify's two; at `debug` for probes, which come every few seconds. Of
 * the URL only the pattern of the route is logged: people put tokens into queries and paths.
 *
 * The line is put together here: by pino it takes six times as long, which is 7 % of a request (`npm run bench -- by-hand`).
 *
 * @returns `undefined` where no line would be written
 */
export function createRequestLog(logger: Logger | undefined): OnAnswered | undefined {
  const stream = logger?.isLevelEnabled('info') ? streamOf(logger) : undefined;
  if (stream === undefined) return undefined;
  const isDebugging = logger?.isLevelEnabled('debug');
  return ({ request: { id, method }, reply: { statusCode }, route }, ms) => {
    const level = isHealthRoute(route) ? 'debug' : 'info';
    if (level === 'debug' && !isDebugging) return;
    // Ids are made of safe characters, routes are the developer's own; methods are a fixed list.
    const quoted = route === undefined ? 'null' : `"${route}"`;
    stream.write(
      `{"level":"${level}","time":"${new Date().toISOString()}","reqId":"${id}","method":"${method}","route":${quoted},"status":${statusCode},"ms":${ms.toFixed(1)},"msg":"request"}\n`,
    );
  };
}
