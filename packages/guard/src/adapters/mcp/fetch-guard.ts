import {
  answerFetchRoute,
  type Door,
  type FetchReply,
  hasHost,
  readFetchBody,
  toFetchAnswer,
} from '../engine/internal.ts';
import { type McpCaller, type McpDoor, openMcp } from './mcp-server.ts';
import { answerUnreadable, LONGEST, MessageError, mayBringMessage } from './needed-scopes.ts';
import type { McpOptions } from './options.ts';

/** What a framework knows besides. */
interface MoreOfRequest {
  /** The path that its router reads. */
  readonly routed?: string;
  /** The body, if earlier middleware has read it. */
  readAgain(): Promise<unknown>;
}

/**
 * The metadata and guard of an MCP server, for `Request`s of the Fetch standard.
 *
 * @returns a function that resolves to an answer, to the caller, or to `undefined` for other paths; it rejects with refusals
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function toFetchMcp<Incoming>(
  door: McpDoor<Incoming, FetchReply> & Pick<Door<Incoming, FetchReply, never>, 'addToAnswer'>,
  options: McpOptions,
): (
  incoming: Incoming,
  request: Request,
  reply: FetchReply,
  more?: MoreOfRequest,
) => Promise<Response | McpCaller | undefined> {
  const { routes, server } = openMcp(door, options);

  return async (incoming, request, reply, { routed, readAgain } = { readAgain: async () => undefined }) => {
    const answered = answerFetchRoute(door, routes, incoming, request);
    if (answered !== undefined) return answered;
    const { url } = request;
    // Nobody knows what the router takes for the path of a URL without a host.
    const isOurs = server.isFor(url) || !hasHost(url) || (routed !== undefined && server.isFor(routed));
    if (!isOurs) return undefined;
    const preflight = server.preflight(request);
    if (preflight !== undefined) return toFetchAnswer(preflight);
    door.addToAnswer(reply, { headers: server.corsHeaders(request), setCookies: [] });
    const caller = await server.admit(incoming, reply);
    if (!server.readsBodies || !mayBringMessage(request.method)) return caller;
    try {
      server.assertMayCall(incoming, caller, request.bodyUsed ? await readAgain() : await readCopy(request));
    } catch (error) {
      const answer = answerUnreadable(error);
      if (answer === undefined) throw error;
      return toFetchAnswer(answer);
    }
    return caller;
  };
}

/** Reads a copy, because the SDK's transport reads the request itself. */
async function readCopy(request: Request): Promise<string> {
  const text = await readFetchBody(request.clone(), LONGEST);
  if (text === null) throw new MessageError(413, 'Content Too Large');
  return text;
}
