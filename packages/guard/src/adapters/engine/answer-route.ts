import type { Answer } from '../../core/internal.ts';
import type { Refuser, Route, SentBody } from './routes.ts';

/**
 * The answer of a route to a request, refusals included; `undefined` if the client went away. The code for it is loaded with the
 * first one.
 */
export async function answerRoute<Incoming>(
  engine: Refuser<Incoming>,
  route: Route<Incoming>,
  request: Incoming,
  sent: SentBody,
): Promise<Answer | undefined> {
  const { toRouteAnswer } = await import('./parts/route-answer.ts');
  return toRouteAnswer(engine, route, request, sent);
}
