import type { Answer } from '../../core/internal.ts';
import { addToNodeAnswer, type NodeRequest, type NodeResponse } from '../engine/internal.ts';
import type { McpCaller, McpServer } from './mcp-server.ts';
import { answerUnreadable, mayBringMessage } from './needed-scopes.ts';
import { watchAnswer } from './watch-answer.ts';

/** What a framework has of Node's own. */
interface OnNode {
  readonly raw: NodeRequest;
  readonly response: NodeResponse;
  /** Reads the message. Default: the framework reads it later, and then calls `assertMayCall`. */
  readonly read?: () => Promise<unknown>;
}

/**
 * Admits a request for an MCP server, and sets `auth` for the SDK's transport.
 *
 * @returns the caller, or the answer to send at once; `null` if the client went away while its body was read
 * @throws {AuthError} rejects with the refusal
 */
export async function enterMcp<Incoming, Outgoing>(
  server: McpServer<Incoming, Outgoing>,
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
    if (read !== undefined && raw.destroyed && !raw.complete) return null;
    const answer = answerUnreadable(error);
    if (answer === undefined) throw error;
    return answer;
  }
}
