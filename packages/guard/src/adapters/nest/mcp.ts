import type { Gate } from '../../core/internal.ts';
import type { NodeRequest, NodeResponse } from '../engine/internal.ts';
import { admitOnNode, type McpServer, readMessage } from '../mcp/internal.ts';
import { type Call, kindOf } from './call.ts';
import { AnswerError } from './decide.ts';

type RequestOf<Platform> = Platform & { readonly raw?: NodeRequest; readonly body?: unknown };
type ResponseOf<Platform> = Platform & { readonly raw?: NodeResponse };

/**
 * The gate of a handler with `@Mcp()`: that of the MCP server, and then what the other decorators require.
 *
 * @param server `undefined` without the option `mcp`: then the app does not start, and nobody is let in
 */
export function toMcpGate(
  server: McpServer<Call, Call> | undefined,
  gate: Gate<Call, Call>,
): Gate<Call, Call> {
  return {
    ...gate,
    async decide(call) {
      const { context } = call;
      if (server === undefined || context === undefined || kindOf(context) !== 'http')
        throw new Error('@Mcp() guards handlers of HTTP requests, by the option mcp of KeycloakModule');
      const request = context.getArgByIndex<RequestOf<NodeRequest>>(0);
      const response = context.getArgByIndex<ResponseOf<NodeResponse>>(1);
      const { raw = request } = request;
      const admitted = await admitOnNode(server, call, call, {
        raw,
        response: response.raw ?? response,
        // Fastify has read it by then.
        read: async () => (raw === request ? readMessage(request) : request.body),
      });
      if (admitted === null) throw new Error('The client went away while its message was read');
      if ('status' in admitted) throw new AnswerError(admitted);
      return gate.admit(call, admitted.principal);
    },
  };
}
