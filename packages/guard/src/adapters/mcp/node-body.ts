import { type NodeRequest, readNodeBody } from '../engine/internal.ts';
import { LONGEST, MessageError, parseMessage } from './needed-scopes.ts';

/**
 * The message of a request, from a body parser or read here. It stays in `request.body`, because a stream is read once.
 *
 * @throws {MessageError} rejects with 413 for a body over 4 MiB, with 400 if it is not JSON
 * @throws {Error} rejects if something read the body and did not leave it in `request.body`: a fault of the application
 */
export async function readMessage(request: NodeRequest & { body?: unknown }): Promise<unknown> {
  // A body parser leaves the stream unread if the content type is not its own; some set `request.body` to {} all the same.
  if (!request.readableEnded) {
    const text = await readNodeBody(request, LONGEST);
    if (text === null) throw new MessageError(413, 'Content Too Large');
    request.body = parseMessage(text);
  }
  if (request.body === undefined) throw new Error('The body was read, and is not in request.body');
  return request.body;
}
