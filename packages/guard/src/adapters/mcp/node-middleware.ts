import { isAuthError } from '../../core/index.ts';
import {
  answerNode,
  type Next,
  type NodeRequest,
  type NodeResponse,
  routedUrlOf,
  toNodeRoutes,
  urlOf,
} from '../engine/internal.ts';
import { enterMcp } from './enter.ts';
import { type McpDoor, openMcp } from './mcp-server.ts';
import { readMessage } from './node-body.ts';
import type { McpOptions } from './options.ts';

/**
 * The metadata and guard of an MCP server as middleware. Requests for other paths pass untouched.
 *
 * @param answerRefused answers a refused request
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function toNodeMcp<Incoming extends NodeRequest>(
  door: McpDoor<Incoming, NodeResponse>,
  options: McpOptions,
  answerRefused: (error: unknown, request: Incoming, response: NodeResponse, next: Next) => void,
): (request: Incoming, response: NodeResponse, next: Next) => void {
  const { routes, server } = openMcp(door, options);
  const answerMetadata = toNodeRoutes(door as never, routes as never);

  return (request, response, next) => {
    answerMetadata(request, response, (error) => {
      const isOurs = () => server.isFor(urlOf(request)) || server.isFor(routedUrlOf(request));
      if (error !== undefined || !isOurs()) return next(error);
      const onNode = { raw: request, response, read: () => readMessage(request) };
      enterMcp(server, request, response, onNode).then(
        (entered) => {
          if (entered === null) return;
          // Not by the application's error handlers: Express's own shows a page with a stack.
          if ('status' in entered) return answerNode(response, entered);
          Object.assign(request, { principal: entered.principal });
          next();
        },
        (refusal: unknown) => {
          if (isAuthError(refusal)) answerRefused(refusal, request, response, next);
          else next(refusal);
        },
      );
    });
  };
}
