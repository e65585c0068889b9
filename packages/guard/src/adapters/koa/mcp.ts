import { answerRoute, type Door, nodeHost } from '../engine/internal.ts';
import {
  createMcpServer,
  type McpHost,
  type McpOptions,
  resolveMcpOptions,
  watchAnswer,
} from '../mcp/index.ts';
import { answerUnreadable, readMessage } from '../mcp/internal.ts';
import { bodyOf, type KoaContext, type KoaMiddleware, sendAnswer } from './refusal.ts';

/**
 * The metadata and guard of an MCP server as middleware. Requests for other paths pass untouched.
 *
 * @param refuse throws or answers a refusal
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function toKoaMcp(
  door: McpHost<KoaContext> &
    Pick<Door<KoaContext, KoaContext, never>, 'protectedResource' | 'statelessGate' | 'refusalOf'>,
  options: McpOptions,
  refuse: (error: unknown, context: KoaContext) => void,
): KoaMiddleware {
  const resolved = resolveMcpOptions(options);
  const routes = door.protectedResource(resolved.resource, resolved.challenged);
  const server = createMcpServer(resolved, door.statelessGate(), door);

  async function admit(context: KoaContext): Promise<void> {
    const { req, res, request } = context;
    const caller = await server.admit(context, context);
    if (server.readsBodies && req.method === 'POST') {
      // Koa's body parsers leave their result in another place than Express's.
      const message = Object.assign(req, { body: bodyOf(context) });
      server.assertMayCall(context, caller, await readMessage(message));
      Object.assign(request, { body: message.body });
    }
    watchAnswer(res, caller);
    context.state.principal = caller.principal;
    Object.assign(req, { auth: caller.auth });
  }

  return async (context, next) => {
    const { req, res } = context;
    const route = routes.find(context.method, context.path);
    if (route !== undefined) {
      const answer = await answerRoute(door, route, context, undefined, req);
      if (answer !== undefined) sendAnswer(context, answer);
      return;
    }
    if (!server.isFor(context.originalUrl)) return void (await next());
    const preflight = server.preflight(req);
    if (preflight !== undefined) return sendAnswer(context, preflight);
    nodeHost.addToAnswer(res, { headers: server.corsHeaders(req), setCookies: [] });
    try {
      await admit(context);
    } catch (error) {
      // The client went away while its body was read.
      if (req.destroyed && !req.complete) return;
      const answer = answerUnreadable(error);
      return answer === undefined ? refuse(error, context) : sendAnswer(context, answer);
    }
    await next();
  };
}
