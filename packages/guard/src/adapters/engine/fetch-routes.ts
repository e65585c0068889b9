import { keepAlive, LONGEST_MESSAGE } from '../../core/internal.ts';
import type { Door } from './door.ts';
import { readFetchBody, toFetchAnswer } from './fetch-http.ts';
import { refuseMessage, TOO_LONG } from './message-body.ts';
import { pathOf } from './path-of.ts';
import type { Route, Routes } from './routes.ts';

type Refusing<Incoming> = Pick<Door<Incoming, never, never>, 'refusalOf'>;

/** The route of a request; `undefined` if there is none. */
export function findFetchRoute<Incoming>(
  routes: Routes<Incoming>,
  { method, url }: Request,
): Route<Incoming> | undefined {
  return routes.find(method, pathOf(url));
}

/**
 * Answers a request for a route.
 *
 * @param incoming the framework's own request
 * @param readAgain gives the body if earlier middleware has read it
 */
export async function answerFetchRoute<Incoming>(
  door: Refusing<Incoming>,
  route: Route<Incoming>,
  incoming: Incoming,
  request: Request,
  readAgain: () => Promise<unknown> = async () => undefined,
): Promise<Response> {
  const { method } = request;
  try {
    let body: unknown;
    if (route.readsBody) {
      const { headers } = request;
      const [type, length] = ['content-type', 'content-length'].map((name) => headers.get(name) ?? undefined);
      const refusal = refuseMessage(type, length);
      if (refusal !== undefined) return toFetchAnswer(refusal, method);
      body = request.bodyUsed ? await readAgain() : await readFetchBody(request, LONGEST_MESSAGE);
      if (body === null) return toFetchAnswer(TOO_LONG, method);
    }
    return toFetchAnswer(await keepAlive(route.answer(incoming, body)), method);
  } catch (error) {
    const answer = door.refusalOf(error, incoming);
    if (answer === undefined) throw error;
    return toFetchAnswer({ ...answer, headers: { 'cache-control': 'no-store', ...answer.headers } }, method);
  }
}
