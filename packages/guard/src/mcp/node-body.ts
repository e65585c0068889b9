import { type NodeRequest, readNodeBody } from '../adapter/internal.ts';
import { LONGEST, MessageError, parseMessage } from './needed-scopes.ts';

/**
 * The message of a request: of a parser in front, or read here. It is left in `request.body`, for a stream is read once.
 *
 * @throws {MessageError} rejects with 413 for a body of more than 4 MiB, with 400 for one that is no JSON, with 500 where
 *   somebody read it and did not leave it in `request.body`
 */
export async function readMessage(request: NodeRequest & { body?: unknown }): Promise<unknown> {
  // Parsers leave the stream alone where the type is none of theirs, and some an empty object in `request.body`.
  if (!request.readableEnded) {
    const text = await readNodeBody(request, LONGEST);
    if (text === null) throw new MessageError(413, 'Content Too Large');
    request.body = parseMessage(text);
  }
  if (request.body === undefined)
    throw new MessageError(500, 'The body was read, and is not in request.body');
  return request.body;
}
