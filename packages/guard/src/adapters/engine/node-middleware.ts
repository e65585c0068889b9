import type { Principal } from '../../core/index.ts';
import { type Gate, isThenable, LONGEST_MESSAGE } from '../../core/internal.ts';
import { answerRoute, type SentBody } from './answer-route.ts';
import type { Door } from './door.ts';
import { answerNode, type NodeRequest, type NodeResponse, readNodeBody } from './node-http.ts';
import { pathOf } from './path-of.ts';
import type { Routes } from './routes.ts';

/** Calls the next middleware, or, with an error, the error handlers. */
export type Next = (error?: unknown) => void;
/** Middleware of connect, Express and others. */
export type NodeMiddleware = (request: NodeRequest, response: NodeResponse, next: Next) => void;

type NodeDoor = Pick<Door<NodeRequest, NodeResponse, never>, 'refusalOf'>;

/**
 * A guard as middleware: a known token costs no promise. A browser that asks for a page without being signed in is sent
 * to the login before any error handler is called.
 *
 * @param refuse answers all other refused requests
 */
export function toNodeGuard<Incoming extends NodeRequest, Outgoing extends NodeResponse>(
  door: Pick<Door<Incoming, Outgoing, never>, 'inviteToLogin'>,
  gate: Pick<Gate<Incoming, Outgoing>, 'decide'>,
  refuse: (error: unknown, request: Incoming, response: Outgoing, next: Next) => void,
): (request: Incoming, response: Outgoing, next: Next) => void {
  return toCallbackGuard(gate, (error, request, response, next) => {
    const invitation = door.inviteToLogin(error, request);
    if (invitation === undefined) refuse(error, request, response, next);
    else answerNode(response, invitation);
  });
}

/** A guard as middleware with a callback: it sets `principal`, then calls `next`. */
export function toCallbackGuard<Incoming extends object, Outgoing, Done extends () => void>(
  gate: Pick<Gate<Incoming, Outgoing>, 'decide'>,
  refuse: (error: unknown, request: Incoming, response: Outgoing, next: Done) => void,
): (request: Incoming, response: Outgoing, next: Done) => void {
  return (request, response, next) => {
    let decided: Principal | null | Promise<Principal | null>;
    try {
      decided = gate.decide(request, response);
    } catch (error) {
      refuse(error, request, response, next);
      return;
    }
    if (isThenable(decided)) {
      // Not in `then` itself: an error of `next` is not a refusal.
      decided.then(
        (principal) => admit(request, principal, next),
        (error: unknown) => refuse(error, request, response, next),
      );
    } else admit(request, decided, next);
  };
}

/** An optional guard keeps a principal that the application set itself. */
function admit(request: object, principal: Principal | null, next: () => void): void {
  if (principal !== null) (request as { principal?: Principal }).principal = principal;
  next();
}

/** Answers the requests for these routes, and lets all others through. */
export function toNodeRoutes(door: NodeDoor, routes: Routes<NodeRequest>): NodeMiddleware {
  return (request, response, next) => {
    const route = routes.find(request.method, pathOf(request.url ?? '/'));
    if (route === undefined) {
      next();
      return;
    }
    answerRoute(door, route, request, sentOnNode(request, (request as { body?: unknown }).body)).then(
      (answer) => answer && answerNode(response, answer),
      next,
    );
  };
}

/** @param parsed the result of an earlier body parser, if there was one */
export function sentOnNode(request: NodeRequest, parsed?: unknown): SentBody {
  return {
    header: (name) => request.headers[name] as string | undefined,
    async read() {
      if (parsed === undefined || !request.readableEnded) return readNodeBody(request, LONGEST_MESSAGE);
      return Buffer.isBuffer(parsed) ? parsed.toString('utf8') : parsed;
    },
    isCutOff: () => request.destroyed && !request.complete,
  };
}
