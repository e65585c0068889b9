import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { McpCaller } from './mcp-server.ts';

const NAME = 'mcp-session-id';

/**
 * Reads the head of an answer just before it is sent, whether the SDK's transport or the application writes it: before a
 * client can know the session that it names.
 */
export function watchHead(response: ServerResponse | Http2ServerResponse, onHead: McpCaller['onHead']): void {
  const { writeHead } = response as ServerResponse;
  (response as ServerResponse).writeHead = function (this: ServerResponse, status: number, ...rest: never[]) {
    const set = this.getHeader(NAME);
    onHead(status, givenIn(rest.at(-1)) ?? (typeof set === 'string' ? set : undefined));
    return writeHead.call(this, status, ...rest);
  } as ServerResponse['writeHead'];
}

/** The session id in `writeHead`'s headers: an object, alternating names and values, or a list of pairs. */
function givenIn(headers: unknown): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const flat = (Array.isArray(headers) ? headers.flat() : Object.entries(headers).flat()) as unknown[];
  const at = flat.findIndex((one, index) => index % 2 === 0 && String(one).toLowerCase() === NAME);
  return at === -1 ? undefined : String(flat[at + 1]);
}
