import type { Principal } from '../core/index.ts';
import { type Gate, isThenable, LONGEST_MESSAGE } from '../core/internal.ts';
import type { Door } from './door.ts';
import { answerNode, type NodeRequest, type NodeResponse, readNodeBody } from './node-http.ts';
import type { Route, Routes } from './routes.ts';

/** Goes on with whatever comes next; with an error where something failed. */
export type Next = (error?: unknown) => void;
/** Middleware as connect, Express and others have it. */
export type NodeMiddleware = (request: NodeRequest, response: NodeResponse, next: Next) => void;

type NodeDoor = Pick<Door<NodeRequest, NodeResponse, never>, 'refusalOf'>;

/** A guard as middleware: a known token costs no promise. */
export function toNodeGuard<Incoming extends NodeRequest, Outgoing extends NodeResponse>(
  gate: Gate<Incoming, Outgoing>,
  refuse: (error: unknown, request: Incoming, response: Outgoing, next: Next) => void,
): (request: Incoming, response: Outgoing, next: Next) => void {
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

/** Where nobody has to be there, what the application found out itself stays. */
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
    answerRoute(door, route, request, response).catch(next);
  };
}

/** Of a whole URL as well (RFC 9112 §3.2.2). */
function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
}

async function answerRoute(
  door: NodeDoor,
  route: Route<NodeRequest>,
  request: NodeRequest,
  response: NodeResponse,
): Promise<void> {
  try {
    const body = route.readsBody ? await bodyOf(request) : undefined;
    if (body === TOO_LONG) {
      answerNode(response, {
        status: 413,
        headers: { connection: 'close' },
        setCookies: [],
        body: undefined,
      });
      return;
    }
    answerNode(response, await route.answer(request, body));
  } catch (error) {
    const answer = door.refusalOf(error, request);
    if (answer === undefined) throw error;
    answerNode(response, { ...answer, headers: { 'cache-control': 'no-store', ...answer.headers } });
  }
}

const TOO_LONG = Symbol('too long');

/** What a body parser in front made of it, or what is still to be read. */
async function bodyOf(request: NodeRequest): Promise<unknown> {
  const { body } = request as { body?: unknown };
  if (body !== undefined && request.readableEnded) return body;
  return (await readNodeBody(request, LONGEST_MESSAGE)) ?? TOO_LONG;
}
