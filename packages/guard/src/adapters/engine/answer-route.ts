import { type Answer, once } from '../../core/internal.ts';
import { type Refuser, type Route, type Routes, type SentBody, toRoutes } from './routes.ts';

const load = once(() => import('./parts/route-answer.ts'));

/** Routes of the library's own. The code that answers them is loaded now. */
export function openRoutes<Incoming>(all: readonly Route<Incoming>[]): Routes<Incoming> {
  // Each request that needs it rejects with the error.
  load().catch(() => {});
  return toRoutes(all);
}

/** The answer of a route to a request, refusals included; `undefined` if the client went away. */
export async function answerRoute<Incoming>(
  engine: Refuser<Incoming>,
  route: Route<Incoming>,
  request: Incoming,
  sent: SentBody,
): Promise<Answer | undefined> {
  const { toRouteAnswer } = await load();
  return toRouteAnswer(engine, route, request, sent);
}
