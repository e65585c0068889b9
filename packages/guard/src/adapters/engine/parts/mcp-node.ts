import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Answer } from '../../../core/internal.ts';
import type { McpCaller, McpEngine, McpResource, ResolvedMcpOptions } from '../mcp-options.ts';
import { addToNodeAnswer, type NodeRequest, type NodeResponse } from '../node.ts';
import { answerUnreadable, isEventStream, mayBringMessage, readMessage } from './mcp-messages.ts';
import { createMcpServer } from './mcp-server.ts';

/** Node's own part of a framework's request. */
interface OnNode {
  readonly raw: NodeRequest;
  readonly response: NodeResponse;
  /** Reads the message. Default: the framework reads it later, and then calls `assertMayCall`. */
  readonly read?: () => Promise<unknown>;
}

/** The guard of an MCP server on Node's requests. */
export type NodeMcp<Incoming, Outgoing> = ReturnType<typeof createNodeMcp<Incoming, Outgoing>>;

export function createNodeMcp<Incoming, Outgoing>(
  engine: McpEngine<Incoming, Outgoing>,
  options: ResolvedMcpOptions,
  resource: McpResource<Incoming>,
) {
  const server = createMcpServer(options, resource, engine);
  return {
    ...{ assertMayCall: server.assertMayCall, mayBringMessage, readMessage, answerUnreadable },
    /**
     * Admits a request, and sets `auth` for the SDK's transport.
     *
     * @returns the caller, or the answer to send at once; `null` if the client went away while its body was read
     * @throws {AuthError} rejects with the refusal
     */
    async admit(
      incoming: Incoming,
      outgoing: Outgoing,
      { raw, response, read }: OnNode,
    ): Promise<McpCaller | Answer | null> {
      const preflight = server.preflight(raw);
      if (preflight !== undefined) return preflight;
      // On Node's answer: the transport writes to that, and frameworks add their own.
      addToNodeAnswer(response, { headers: server.corsHeaders(raw), setCookies: [] });
      try {
        const caller = await server.admit(incoming, outgoing);
        if (read !== undefined && server.readsBodies && mayBringMessage(raw.method)) {
          server.assertMayCall(incoming, caller, await read());
        }
        watchAnswer(response, caller);
        Object.assign(raw, { auth: caller.auth });
        return caller;
      } catch (error) {
        if (raw.destroyed && !raw.complete) return null;
        const answer = answerUnreadable(error);
        if (answer === undefined) throw error;
        return answer;
      }
    },
  };
}

/**
 * Reads the head of an answer just before it is sent, whether the SDK's transport or the application writes it: before a client
 * can know the session that it names. A stream of events ends with the caller's token or session.
 */
export function watchAnswer(response: ServerResponse | Http2ServerResponse, caller: McpCaller): void {
  const { writeHead } = response as ServerResponse;
  (response as ServerResponse).writeHead = function (this: ServerResponse, status: number, ...rest: never[]) {
    const headerOf = (name: string): string | undefined => {
      const set = this.getHeader(name);
      return headerIn(rest.at(-1), name) ?? (typeof set === 'string' ? set : undefined);
    };
    caller.onHead(status, headerOf('mcp-session-id'));
    if (isEventStream(headerOf('content-type'))) endWithCaller(this, caller);
    return writeHead.call(this, status, ...rest);
  } as ServerResponse['writeHead'];
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
function headerIn(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const isFlat = Array.isArray(headers) && !Array.isArray(headers[0]);
  const flat = (
    isFlat ? headers : (Array.isArray(headers) ? headers : Object.entries(headers)).flat()
  ) as unknown[];
  const at = flat.findIndex((one, index) => index % 2 === 0 && String(one).toLowerCase() === name);
  return at === -1 ? undefined : String(flat[at + 1]);
}
