import type { Routes } from '../engine/internal.ts';
import type { McpOptions } from '../mcp/index.ts';
import { enterMcp, type McpDoor, openMcp, readMessage } from '../mcp/internal.ts';
import { bodyOf, type KoaContext, type KoaMiddleware, sendAnswer } from './refusal.ts';

/**
 * The metadata and guard of an MCP server as middleware. Requests for other paths pass untouched.
 *
 * @param refuse throws or answers a refusal
 * @param toRoutes answers the metadata
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function toKoaMcp(
  door: McpDoor<KoaContext, KoaContext>,
  options: McpOptions,
  refuse: (error: unknown, context: KoaContext) => void,
  toRoutes: (routes: Routes<KoaContext>) => KoaMiddleware,
): KoaMiddleware {
  const { routes, server } = openMcp(door, options);
  const metadata = toRoutes(routes);

  /** Koa's body parsers leave their result in another place than Express's. */
  async function read(context: KoaContext): Promise<unknown> {
    const message = Object.assign(context.req, { body: bodyOf(context) });
    const body = await readMessage(message);
    Object.assign(context.request, { body });
    return body;
  }

  async function guard(context: KoaContext, next: () => Promise<unknown>): Promise<void> {
    const { req, res } = context;
    if (!server.isFor(context.originalUrl) && !server.isFor(req.url)) return void (await next());
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
  }
  return (context, next) => metadata(context, () => guard(context, next));
}
