import type { Connection } from '../connection.ts';
import { type FetchReply, toFetchAnswer } from '../fetch.ts';
import type { McpCaller, McpEngine, McpResource, ResolvedMcpOptions } from '../mcp-options.ts';
import { answerUnreadable, copyMessage, isEventStream, mayBringMessage } from './mcp-messages.ts';
import { createMcpServer } from './mcp-server.ts';

/** The guard of an MCP server for `Request`s of the Fetch standard. */
export type FetchMcp<Incoming> = ReturnType<typeof createFetchMcp<Incoming>>;

export function createFetchMcp<Incoming>(
  engine: McpEngine<Incoming, FetchReply>,
  options: ResolvedMcpOptions,
  resource: McpResource<Incoming>,
) {
  const server = createMcpServer(options, resource, engine);
  return {
    toWatched,
    /**
     * Rejects with refusals.
     *
     * @param readAgain gives the body if earlier middleware has read it
     */
    async admit(
      incoming: Incoming,
      request: Request,
      reply: FetchReply,
      readAgain: () => Promise<unknown> = async () => undefined,
    ): Promise<Response | McpCaller> {
      const preflight = server.preflight(request);
      if (preflight !== undefined) return toFetchAnswer(preflight);
      engine.addToAnswer(reply, { headers: server.corsHeaders(request), setCookies: [] });
      const caller = await server.admit(incoming, reply);
      if (!server.readsBodies || !mayBringMessage(request.method)) return caller;
      try {
        const body = request.bodyUsed ? await readAgain() : await copyMessage(request);
        server.assertMayCall(incoming, caller, body);
      } catch (error) {
        const answer = answerUnreadable(error);
        if (answer === undefined) throw error;
        return toFetchAnswer(answer);
      }
      return caller;
    },
  };
}

/** The answer of an MCP server to a caller: a stream of events ends with the caller's token or session. */
function toWatched(response: Response, caller: McpCaller): Response {
  const { status, headers, body } = response;
  caller.onHead(status, headers.get('mcp-session-id') ?? undefined);
  if (body === null || !isEventStream(headers.get('content-type'))) return response;
  return new Response(endWith(body, caller.follow()), response);
}

function endWith(body: ReadableStream<Uint8Array>, connection: Connection): ReadableStream<Uint8Array> {
  const { signal, end } = connection;
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    start(controller) {
      signal.addEventListener('abort', () => {
        controller.close();
        reader.cancel(signal.reason).catch(() => {});
      });
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (signal.aborted) return;
        if (!done) return controller.enqueue(value);
        end();
        controller.close();
      } catch (error) {
        end();
        if (!signal.aborted) controller.error(error);
      }
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  });
}
