import { type Answer, LONGEST_MESSAGE } from '../../core/internal.ts';
import { answerRoute } from './answer-route.ts';
import type { Door } from './door.ts';
import { readFetchBody, toFetchAnswer } from './fetch-http.ts';
import { pathOf } from './path-of.ts';
import type { Routes } from './routes.ts';

/**
 * The answer to a request for one of the routes; `undefined` for any other request.
 *
 * @param incoming the framework's own request
 * @param readAgain gives the body if earlier middleware has read it
 */
export function answerFetchRoute<Incoming>(
  door: Pick<Door<Incoming, never, never>, 'refusalOf'>,
  routes: Routes<Incoming>,
  incoming: Incoming,
  request: Request,
  readAgain: (incoming: Incoming) => Promise<unknown> = async () => undefined,
): Promise<Response> | undefined {
  const { method, url, headers } = request;
  const route = routes.find(method, pathOf(url));
  if (route === undefined) return undefined;
  const sent = {
    header: (name: string) => headers.get(name) ?? undefined,
    read: () => (request.bodyUsed ? readAgain(incoming) : readFetchBody(request, LONGEST_MESSAGE)),
  };
  return answerRoute(door, route, incoming, sent).then((answer) => toFetchAnswer(answer as Answer, method));
}
