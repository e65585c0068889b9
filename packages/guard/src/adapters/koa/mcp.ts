import { answerRoute } from '../engine/internal.ts';
import type { McpOptions } from '../mcp/index.ts';
import { enterMcp, type McpDoor, openMcp, readMessage } from '../mcp/internal.ts';
import { bodyOf, type KoaContext, type KoaMiddleware, sendAnswer } from './refusal.ts';

/**
 * The metadata and guard of an MCP server as middleware. Requests for other paths pass untouched.
 *
 * @param refuse throws or answers a refusal
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function toKoaMcp(
  door: McpDoor<KoaContext, KoaContext>,
  options: McpOptions,
  refuse: (error: unknown, context: KoaContext) => void,
): KoaMiddleware {
  const { routes, server } = openMcp(door, options);

  /** Koa's body parsers leave their result in another place than Express's. */
  async function read(context: KoaContext): Promise<unknown> {
    const message = Object.assign(context.req, { body: bodyOf(context) });
    const body = await readMessage(message);
    Object.assign(context.request, { body });
    return body;
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
    const onNode = { raw: req, response: res, read: () => read(context) };
    let entered: Awaited<ReturnType<typeof enterMcp>>;
    try {
      entered = await enterMcp(server, context, context, onNode);
    } catch (error) {
      return refuse(error, context);
    }
    if (entered === null) return;
    if ('status' in entered) return sendAnswer(context, entered);
    context.state.principal = entered.principal;
    await next();
  };
}
