import type { Lifecycle, Request, Server, ServerAuthScheme } from '@hapi/hapi';
import type { Principal } from '../../core/index.ts';
import type { McpOptions } from '../mcp/index.ts';
import {
  admitOnNode,
  answerUnreadable,
  type McpCaller,
  type McpEngine,
  mayBringMessage,
  openMcp,
} from '../mcp/internal.ts';
import { type Mount, toResponse } from './answers.ts';

/**
 * The scheme of MCP servers.
 *
 * @param root answers the metadata
 * @param refuse throws or answers a refusal
 * @param principals gets who was admitted
 */
export function createMcpScheme(
  engine: McpEngine<Request, Request>,
  root: Server,
  mount: Mount,
  refuse: (error: unknown, ...args: Parameters<Lifecycle.Method>) => Lifecycle.ReturnValue,
  principals: Pick<WeakMap<Request, Principal>, 'set'>,
): ServerAuthScheme<McpOptions> {
  return (_server, options) => {
    const { server, publish } = openMcp(engine, options as McpOptions);
    const callers = new WeakMap<Request, McpCaller>();

    /** Behind hapi's parser. */
    const checkMessage: Lifecycle.Method = (request, h) => {
      const caller = callers.get(request);
      // The transport reads the method that was sent, whichever an extension made of it for the router.
      const isMessage = mayBringMessage(request.raw.req.method) || request.method === 'post';
      if (caller === undefined || !isMessage) return h.continue;
      try {
        server.assertMayCall(request, caller, request.payload);
        return h.continue;
      } catch (error) {
        const answer = answerUnreadable(error);
        return answer === undefined ? refuse(error, request, h) : toResponse(h, answer).takeover();
      }
    };

    mount(root, publish().all);
    if (server.readsBodies) root.ext('onPostAuth', checkMessage);
    return {
      async authenticate(request, h) {
        const { req: raw, res: response } = request.raw;
        let admitted: Awaited<ReturnType<typeof admitOnNode>>;
        try {
          admitted = await admitOnNode(server, request, request, { raw, response });
        } catch (error) {
          return refuse(error, request, h);
        }
        if (admitted === null) return h.abandon;
        if ('status' in admitted) return toResponse(h, admitted).takeover();
        callers.set(request, admitted);
        const { principal: user } = admitted;
        principals.set(request, user);
        return h.authenticated({ credentials: { user, scope: [...user.scopes] } });
      },
    };
  };
}
