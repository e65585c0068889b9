import { type Answer, keepAlive, toJsonAnswer } from '../../../core/internal.ts';
import { LONGEST_MESSAGE, type Refuser, type Route, type SentBody } from '../routes.ts';

/** The answer of a route to a request, refusals included; `undefined` if the client went away. */
export async function toRouteAnswer<Incoming>(
  { refusalOf }: Refuser<Incoming>,
  route: Route<Incoming>,
  request: Incoming,
  sent: SentBody,
): Promise<Answer | undefined> {
  try {
    if (!route.readsBody) return await keepAlive(route.answer(request, undefined));
    const refusal = refuseMessage(sent.header('content-type'), sent.header('content-length'));
    if (refusal !== undefined) return refusal;
    const body = await sent.read();
    return body === null ? TOO_LONG : await keepAlive(route.answer(request, body));
  } catch (error) {
    if (sent.isCutOff?.()) return undefined;
    const answer = refusalOf(error, request);
    if (answer === undefined) throw error;
    return { ...answer, headers: { 'cache-control': 'no-store', ...answer.headers } };
  }
}

/** Logout tokens are forms, the pushes of the admin URL are plain text. */
const TYPES: ReadonlySet<string> = new Set(['application/x-www-form-urlencoded', 'text/plain']);

/** The rest of the body is never read, so the connection cannot carry another request. */
const HEADERS = { 'cache-control': 'no-store', connection: 'close' } as const;

const TOO_LONG: Answer = toJsonAnswer(413, HEADERS, { detail: 'Content Too Large' });
const WRONG_TYPE: Answer = toJsonAnswer(415, HEADERS, { detail: 'Unsupported Media Type' });

function refuseMessage(contentType = '', contentLength = ''): Answer | undefined {
  const [type = ''] = contentType.split(';', 1);
  if (!TYPES.has(type.trim().toLowerCase())) return WRONG_TYPE;
  return Number(contentLength) > LONGEST_MESSAGE ? TOO_LONG : undefined;
}
