import { isAuthError } from '../../core/index.ts';
import {
  addToNodeAnswer,
  answerNode,
  type Door,
  type Next,
  type NodeRequest,
  type NodeResponse,
  toNodeRoutes,
  urlOf,
} from '../engine/internal.ts';
import { createMcpServer, type McpHost } from './mcp-server.ts';
import { answerUnreadable } from './needed-scopes.ts';
import { readMessage } from './node-body.ts';
import { type McpOptions, resolveMcpOptions } from './options.ts';
import { watchAnswer } from './watch-answer.ts';

type NodeDoor<Incoming extends NodeRequest> = McpHost<Incoming> &
  Pick<Door<Incoming, NodeResponse, never>, 'protectedResource' | 'statelessGate' | 'refusalOf'>;

/**
 * The metadata and guard of an MCP server as middleware. Requests for other paths pass untouched.
 *
 * @param answerRefused answers a refused request
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function toNodeMcp<Incoming extends NodeRequest>(
  door: NodeDoor<Incoming>,
  options: McpOptions,
  answerRefused: (error: unknown, request: Incoming, response: NodeResponse, next: Next) => void,
): (request: Incoming, response: NodeResponse, next: Next) => void {
  const resolved = resolveMcpOptions(options);
  const answerMetadata = toNodeRoutes(
    door as never,
    door.protectedResource(resolved.resource, resolved.challenged) as never,
  );
  const server = createMcpServer(resolved, door.statelessGate(), door);

  async function guard(request: Incoming, response: NodeResponse): Promise<void> {
    const caller = await server.admit(request, response);
    if (server.readsBodies && request.method === 'POST') {
      server.assertMayCall(request, caller, await readMessage(request));
    }
    watchAnswer(response, caller);
    Object.assign(request, { principal: caller.principal, auth: caller.auth });
  }

  return (request, response, next) => {
    answerMetadata(request, response, (error) => {
      if (error !== undefined || !server.isFor(urlOf(request))) return next(error);
      const preflight = server.preflight(request);
      if (preflight !== undefined) return answerNode(response, preflight);
      addToNodeAnswer(response, { headers: server.corsHeaders(request), setCookies: [] });
      guard(request, response).then(
        () => next(),
        (refusal: unknown) => {
          // The client went away while its body was read: nobody waits for an answer.
          if (request.destroyed && !request.complete) return;
          // Not by the application's error handlers: Express's own shows a page with a stack.
          const answer = answerUnreadable(refusal);
          if (answer !== undefined) answerNode(response, answer);
          else if (isAuthError(refusal)) answerRefused(refusal, request, response, next);
          else next(refusal);
        },
      );
    });
  };
}
