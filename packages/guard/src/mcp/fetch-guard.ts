import {
  answerFetchRoute,
  type Door,
  type FetchReply,
  findFetchRoute,
  readFetchBody,
  toFetchAnswer,
} from '../adapter/internal.ts';
import { toJsonAnswer } from '../core/internal.ts';
import { createMcpServer, type McpCaller } from './mcp-server.ts';
import { LONGEST, MessageError } from './needed-scopes.ts';
import { type McpOptions, resolveMcpOptions } from './options.ts';

type FetchDoor<Incoming> = Pick<
  Door<Incoming, FetchReply, never>,
  'protectedResource' | 'statelessGate' | 'refusalOf' | 'toRequest' | 'clock' | 'addToAnswer'
>;

/**
 * An MCP server's metadata and guard, for requests of the Fetch standard.
 *
 * @returns a function of a request: the answer, where it is answered already; who is calling; `undefined` for other paths
 * @throws {OptionsError} naming every option that is missing, wrong or unknown; the function rejects with refusals
 */
export function toFetchMcp<Incoming>(
  door: FetchDoor<Incoming>,
  options: McpOptions,
): (
  incoming: Incoming,
  request: Request,
  reply: FetchReply,
  readAgain?: () => Promise<unknown>,
) => Promise<Response | McpCaller | undefined> {
  const resolved = resolveMcpOptions(options);
  const routes = door.protectedResource(resolved.resource, resolved.challenged);
  const server = createMcpServer(resolved, door.statelessGate(), door.toRequest, door.clock);

  return async (incoming, request, reply, readAgain = async () => undefined) => {
    const route = findFetchRoute(routes, request);
    if (route !== undefined) return answerFetchRoute(door, route, incoming, request);
    if (!server.isFor(request.url)) return undefined;
    const preflight = server.preflight(request);
    if (preflight !== undefined) return toFetchAnswer(preflight);
    door.addToAnswer(reply, { headers: server.corsHeaders(request), setCookies: [] });
    const caller = await server.admit(incoming, reply);
    if (!server.readsBodies || request.method !== 'POST') return caller;
    try {
      server.assertMayCall(incoming, caller, request.bodyUsed ? await readAgain() : await readCopy(request));
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      return toFetchAnswer(toJsonAnswer(error.status, {}, { detail: error.message }));
    }
    return caller;
  };
}

/** Of a copy: the transport reads the request itself. */
async function readCopy(request: Request): Promise<string> {
  const text = await readFetchBody(request.clone(), LONGEST);
  if (text === null) throw new MessageError(413, 'Content Too Large');
  return text;
}
