import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { McpCaller } from './mcp-server.ts';

/**
 * Reads the head of an answer just before it is sent, whether the SDK's transport or the application writes it: before a client
 * can know the session that it names. A stream of events ends with the caller's token or session.
 */
export function watchAnswer(response: ServerResponse | Http2ServerResponse, caller: McpCaller): void {
  const { writeHead } = response as ServerResponse;
  (response as ServerResponse).writeHead = function (this: ServerResponse, status: number, ...rest: never[]) {
    const headerOf = (name: string): string | undefined => {
      const set = this.getHeader(name);
      return givenIn(rest.at(-1), name) ?? (typeof set === 'string' ? set : undefined);
    };
    caller.onHead(status, headerOf('mcp-session-id'));
    if (isEventStream(headerOf('content-type'))) endWithCaller(this, caller);
    return writeHead.call(this, status, ...rest);
  } as ServerResponse['writeHead'];
}

/** @param type the header `Content-Type` */
export function isEventStream(type: string | null | undefined): boolean {
  return /^text\/event-stream\b/i.test(type ?? '');
}

function endWithCaller(response: ServerResponse, caller: McpCaller): void {
  // Its client left while the caller was decided on: nothing would end the watch but the token.
  const { stream = response } = response as Partial<Http2ServerResponse> & ServerResponse;
  if (stream.destroyed) return;
  const connection = caller.follow();
  response.once('close', connection.end);
  connection.signal.addEventListener('abort', () => {
    // The transport may still write, and an error that nobody listens to ends the process.
    response.on('error', () => {});
    response.end();
  });
}

/** A header in `writeHead`'s headers: an object, alternating names and values, or a list of pairs. */
function givenIn(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const isFlat = Array.isArray(headers) && !Array.isArray(headers[0]);
  const flat = (
    isFlat ? headers : (Array.isArray(headers) ? headers : Object.entries(headers)).flat()
  ) as unknown[];
  const at = flat.findIndex((one, index) => index % 2 === 0 && String(one).toLowerCase() === name);
  return at === -1 ? undefined : String(flat[at + 1]);
}
