import type { Principal } from '../../core/index.ts';
import { type Answer, type Gate, isThenable, LONGEST_MESSAGE } from '../../core/internal.ts';
import type { Door } from './door.ts';
import { refuseMessage, TOO_LONG } from './message-body.ts';
import { answerNode, type NodeRequest, type NodeResponse, readNodeBody } from './node-http.ts';
import type { Route, Routes } from './routes.ts';
import { pathOf } from './target.ts';

/** Goes on with whatever comes next; with an error where something failed. */
export type Next = (error?: unknown) => void;
/** Middleware as connect, Express and others have it. */
export type NodeMiddleware = (request: NodeRequest, response: NodeResponse, next: Next) => void;

type NodeDoor = Pick<Door<NodeRequest, NodeResponse, never>, 'refusalOf'>;

/**
 * A guard as middleware: a known token costs no promise. Where a page is asked for and nobody is signed in, the browser is
 * sent to the login before any error handler is called.
 *
 * @param refuse answers all others that are refused
 */
export function toNodeGuard<Incoming extends NodeRequest, Outgoing extends NodeResponse>(
  door: Pick<Door<Incoming, Outgoing, never>, 'inviteToLogin'>,
  gate: Pick<Gate<Incoming, Outgoing>, 'decide'>,
  answerRefused: (error: unknown, request: Incoming, response: Outgoing, next: Next) => void,
): (request: Incoming, response: Outgoing, next: Next) => void {
  const refuse: typeof answerRefused = (error, request, response, next) => {
    const invitation = door.inviteToLogin(error, request);
    if (invitation === undefined) answerRefused(error, request, response, next);
    else answerNode(response, invitation);
  };
  return (request, response, next) => {
    let decided: Principal | null | Promise<Principal | null>;
    try {
      decided = gate.decide(request, response);
    } catch (error) {
      refuse(error, request, response, next);
      return;
    }
    if (isThenable(decided)) {
      // Not in `then` itself: what the next one throws is not a refusal.
      decided.then(
        (principal) => admit(request, principal, next),
        (error: unknown) => refuse(error, request, response, next),
      );
    } else admit(request, decided, next);
  };
}

/** Where nobody has to be there, a principal that the application set itself stays. */
function admit(request: NodeRequest, principal: Principal | null, next: Next): void {
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
    const { body } = request as { body?: unknown };
    answerRoute(door, route, request, body, request).then(
      (answer) => answer && answerNode(response, answer),
      next,
    );
  };
}

/**
 * What a route answers to a request, refusals included; `undefined` where nobody is there any more.
 *
 * @param parsed what a body parser in front made of the body, if one did
 */
export async function answerRoute<Incoming>(
  door: Pick<Door<Incoming, never, never>, 'refusalOf'>,
  route: Route<Incoming>,
  request: Incoming,
  parsed: unknown,
  raw: NodeRequest,
): Promise<Answer | undefined> {
  try {
    if (!route.readsBody) return await route.answer(request, undefined);
    const { headers } = raw;
    const refusal = refuseMessage(headers['content-type'], headers['content-length']);
    if (refusal !== undefined) return refusal;
    const body = await bodyOf(raw, parsed);
    return body === null ? TOO_LONG : await route.answer(request, body);
  } catch (error) {
    if (raw.destroyed && !raw.complete) return undefined;
    const answer = door.refusalOf(error, request);
    if (answer === undefined) throw error;
    return { ...answer, headers: { 'cache-control': 'no-store', ...answer.headers } };
  }
}

/** What a body parser in front made of it, or what is still to be read; `null` where that is too long. */
async function bodyOf(request: NodeRequest, parsed: unknown): Promise<unknown> {
  if (parsed === undefined || !request.readableEnded) return readNodeBody(request, LONGEST_MESSAGE);
  return Buffer.isBuffer(parsed) ? parsed.toString('utf8') : parsed;
}
