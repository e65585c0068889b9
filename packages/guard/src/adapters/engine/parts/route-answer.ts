import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
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

/** The rest of the body is never read, so the connection cannot carry another request. */
const HEADERS = { 'cache-control': 'no-store', connection: 'close' } as const;

const TOO_LONG: Answer = toJsonAnswer(413, HEADERS, { detail: 'Content Too Large' });
const WRONG_TYPE: Answer = toJsonAnswer(415, HEADERS, { detail: 'Unsupported Media Type' });

function refuseMessage(contentType = '', contentLength = ''): Answer | undefined {
  const [type = ''] = contentType.split(';', 1);
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded') return WRONG_TYPE;
  return Number(contentLength) > LONGEST_MESSAGE ? TOO_LONG : undefined;
}

/**
 * Reads the body of a request. `for await` would close the connection of a body that is too long, before it is answered.
 *
 * @param limit bytes; of a longer one nothing more is read
 * @returns `null` for a body that is longer
 */
export function readNodeBody(
  request: IncomingMessage | Http2ServerRequest,
  limit: number,
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    // No event comes any more.
    if (request.destroyed) return reject(new Error('The request was aborted'));
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (act: () => void) => {
      request.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      // A later error has no other listener.
      request.on('error', () => {});
      act();
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else {
        request.pause();
        end(() => resolve(null));
      }
    };
    const onEnd = () => end(() => resolve(Buffer.concat(chunks).toString('utf8')));
    const onError = (error: Error) => end(() => reject(error));
    const onClose = () => end(() => reject(new Error('The request was aborted')));
    request.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}
