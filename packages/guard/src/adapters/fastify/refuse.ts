import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { isAuthError } from '../../core/index.ts';
import type { FastifyEngine } from './engine.ts';
import { send } from './send.ts';

/** Refuses a request: answers it, or calls `done` with the error. */
export type Refuse = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void;

/**
 * An error handler of the app, of the scope or of the route, gets every refusal first. Without one, the answer is
 * `{"detail"}`: Fastify's own has the `code` in it, which tells people who forge tokens how far they got. A browser that asks
 * for a page is sent to the login before that.
 *
 * @param isLogged whether faults were logged already
 */
export function createRefuse(engine: FastifyEngine, isLogged = false): Refuse {
  return (error, request, reply, done) => {
    const hasHandler = hasErrorHandler(request);
    if (!hasHandler && !isLogged && isAuthError(error) && error.statusCode >= 500) {
      request.log.error({ err: error }, error.reason);
    }
    const answer = hasHandler ? engine.inviteToLogin(error, request) : engine.refusalOf(error, request);
    if (answer === undefined) done(error as Error);
    else send(reply, answer);
  };
}

/** On routes with an error handler. */
export const HAS_ERROR_HANDLER = Symbol('has an error handler');

/** Fastify's own has this name; it binds all others, and calls those "bound …". */
function hasErrorHandler({ server, routeOptions }: FastifyRequest): boolean {
  return server.errorHandler.name !== 'defaultErrorHandler' || HAS_ERROR_HANDLER in routeOptions.config;
}
