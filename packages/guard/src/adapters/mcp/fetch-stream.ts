import type { Connection } from '../engine/index.ts';
import type { McpCaller } from './mcp-server.ts';
import { isEventStream } from './watch-answer.ts';

/** The answer of an MCP server to a caller: a stream of events ends with the caller's token or session. */
export function toWatched(response: Response, caller: McpCaller): Response {
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
