import type { Lifecycle, Plugin, Request } from '@hapi/hapi';
import type { McpOptions } from '../mcp/index.ts';
import {
  answerUnreadable,
  enterMcp,
  type McpCaller,
  type McpDoor,
  mayBringMessage,
  openMcp,
} from '../mcp/internal.ts';
import { type Mount, toResponse } from './answers.ts';

/** @param refuse throws or answers a refusal */
export function toMcpPlugin(
  door: McpDoor<Request, Request>,
  options: McpOptions,
  mount: Mount,
  refuse: (error: unknown, ...args: Parameters<Lifecycle.Method>) => Lifecycle.ReturnValue,
): Plugin<object> {
  const { routes, server: guard } = openMcp(door, options);
  const callers = new WeakMap<Request, McpCaller>();

  const enter: Lifecycle.Method = async (request, h) => {
    const { req: raw, res: response } = request.raw;
    if (callers.has(request) || !(guard.isFor(raw.url) || guard.isFor(request.path))) return h.continue;
    let entered: Awaited<ReturnType<typeof enterMcp>>;
    try {
      entered = await enterMcp(guard, request, request, { raw, response });
    } catch (error) {
      return refuse(error, request, h);
    }
    if (entered === null) return h.abandon;
    if ('status' in entered) return toResponse(h, entered).takeover();
    callers.set(request, entered);
    const { principal: user } = entered;
    Object.assign(request.auth, { isAuthenticated: true, credentials: { user, scope: [...user.scopes] } });
    return h.continue;
  };

  /** Behind hapi's parser. */
  const checkMessage: Lifecycle.Method = (request, h) => {
    const caller = callers.get(request);
    // The transport reads the method that was sent, whichever an extension made of it for the router.
    const isMessage = mayBringMessage(request.raw.req.method) || request.method === 'post';
    if (caller === undefined || !isMessage) return h.continue;
    try {
      guard.assertMayCall(request, caller, request.payload);
      return h.continue;
    } catch (error) {
      const answer = answerUnreadable(error);
      return answer === undefined ? refuse(error, request, h) : toResponse(h, answer).takeover();
    }
  };

  return {
    name: `keycloak-guard-mcp ${options.url}`,
    register(server) {
      mount(server, routes.all);
      // Before hapi's router, and once more for a path that another extension put into the request.
      server.ext('onRequest', enter);
      server.ext('onPreAuth', enter);
      if (guard.readsBodies) server.ext('onPostAuth', checkMessage);
    },
  };
}
