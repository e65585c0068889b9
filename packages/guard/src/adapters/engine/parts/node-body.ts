import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';

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
