import type { Routes } from '../engine/internal.ts';
import type { McpOptions, WithMetadata } from '../mcp/index.ts';
import { admitOnNode, type McpEngine, openMcp, readMessage, withMetadata } from '../mcp/internal.ts';
import { bodyOf, type KoaContext, type KoaMiddleware, sendAnswer } from './refusal.ts';

/**
 * The guard of an MCP server as middleware.
 *
 * @param refuse throws or answers a refusal
 * @param toRoutes answers the metadata
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function toKoaMcp(
  engine: McpEngine<KoaContext, KoaContext>,
  options: McpOptions,
  refuse: (error: unknown, context: KoaContext) => void,
  toRoutes: (routes: Routes<KoaContext>) => KoaMiddleware,
): WithMetadata<KoaMiddleware> {
  const { server, publish } = openMcp(engine, options);

  /** Koa's body parsers leave their result in another place than Express's. */
  async function read(context: KoaContext): Promise<unknown> {
    const message = Object.assign(context.req, { body: bodyOf(context) });
    const body = await readMessage(message);
    Object.assign(context.request, { body });
    return body;
  }

  const guard: KoaMiddleware = async (context, next) => {
    const onNode = { raw: context.req, response: context.res, read: () => read(context) };
    let admitted: Awaited<ReturnType<typeof admitOnNode>>;
    try {
      admitted = await admitOnNode(server, context, context, onNode);
    } catch (error) {
      return refuse(error, context);
    }
    if (admitted === null) return;
    if ('status' in admitted) return sendAnswer(context, admitted);
    context.state.principal = admitted.principal;
    await next();
  };
  return withMetadata(guard, () => toRoutes(publish()));
}
