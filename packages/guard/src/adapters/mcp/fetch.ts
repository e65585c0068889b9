import {
  answerFetchRoute,
  type Connection,
  type Engine,
  type FetchReply,
  toFetchAnswer,
} from '../engine/internal.ts';
import { answerUnreadable, copyMessage, isEventStream, mayBringMessage } from './messages.ts';
import type { McpCaller, McpOptions } from './options.ts';
import { type McpEngine, openMcp } from './server.ts';

/** The guard of an MCP server for `Request`s of the Fetch standard. */
export interface FetchMcp<Incoming> {
  /**
   * Rejects with refusals.
   *
   * @param readAgain gives the body if earlier middleware has read it
   */
  admit(
    incoming: Incoming,
    request: Request,
    reply: FetchReply,
    readAgain?: () => Promise<unknown>,
  ): Promise<Response | McpCaller>;
  /** Says that the application answers the metadata, and gives what does: `undefined` for any other request. */
  publish(): (incoming: Incoming, request: Request) => Promise<Response> | undefined;
}

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function toFetchMcp<Incoming>(
  engine: McpEngine<Incoming, FetchReply> & Pick<Engine<Incoming, FetchReply, never>, 'addToAnswer'>,
  options: McpOptions,
): FetchMcp<Incoming> {
  const { server, publish } = openMcp(engine, options);
  return {
    async admit(incoming, request, reply, readAgain = async () => undefined) {
      const preflight = server.preflight(request);
      if (preflight !== undefined) return toFetchAnswer(preflight);
      engine.addToAnswer(reply, { headers: server.corsHeaders(request), setCookies: [] });
      const caller = await server.admit(incoming, reply);
      if (!server.readsBodies || !mayBringMessage(request.method)) return caller;
      try {
        server.assertMayCall(
          incoming,
          caller,
          request.bodyUsed ? await readAgain() : await copyMessage(request),
        );
      } catch (error) {
        const answer = answerUnreadable(error);
        if (answer === undefined) throw error;
        return toFetchAnswer(answer);
      }
      return caller;
    },
    publish() {
      const routes = publish();
      return (incoming, request) => answerFetchRoute(engine, routes, incoming, request);
    },
  };
}

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
