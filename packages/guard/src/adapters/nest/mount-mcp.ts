import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { HttpServer } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { Answer, Log } from '../../core/internal.ts';
import { answerNode, type Door, type Next, type NodeRequest, type NodeResponse } from '../engine/internal.ts';
import {
  answerUnreadable,
  enterMcp,
  type McpCaller,
  type McpServer,
  mayBringMessage,
  readMessage,
} from '../mcp/internal.ts';
import type { Call, KeycloakRequest, Outgoing } from './call.ts';
import { type Hook, send } from './mount.ts';
import { toHttpCall } from './to-call.ts';

/**
 * Guards an MCP server on Express and Fastify, before the application's routes. Refusals are answered here, because
 * exception filters only see handlers.
 */
export function mountMcp(
  platform: HttpServer,
  door: Pick<Door<Call, Call, never>, 'refusalOf' | 'log'>,
  server: McpServer<Call, Call>,
): void {
  const asked = tellOfUnasked(platform, server.isFor, door.log);

  /** The answer to a refused call, or to a message that cannot be read. Rethrows any other error. */
  function refuse(error: unknown, call: Call): Answer {
    const answer = answerUnreadable(error) ?? door.refusalOf(error, call);
    if (answer === undefined) throw error;
    return answer;
  }

  async function enter(request: KeycloakRequest, call: Call, onNode: Parameters<typeof enterMcp>[3]) {
    const { raw } = onNode;
    asked.add(raw);
    try {
      const entered = await enterMcp(server, call, call, onNode);
      if (entered === null || 'status' in entered) return entered;
      request.principal = entered.principal;
      Object.assign(raw, { principal: entered.principal });
      return entered;
    } catch (error) {
      return refuse(error, call);
    }
  }

  function middleware(request: NodeRequest & KeycloakRequest, response: NodeResponse, next: Next) {
    if (!server.isFor(request.url)) return next();
    const onNode = { raw: request, response, read: () => readMessage(request) };
    enter(request, toCall(request, response), onNode).then((entered) => {
      if (entered === null) return;
      if ('status' in entered) answerNode(response, entered);
      else next();
    }, next);
  }

  const callers = new WeakMap<object, McpCaller>();
  const onRequest: Hook = (request, reply, done) => {
    if (!server.isFor(request.url)) return done();
    enter(request, toCall(request, reply), { raw: request.raw, response: reply.raw }).then((entered) => {
      if (entered === null || 'status' in entered) return entered && send(reply, entered);
      callers.set(request, entered);
      done();
    }, done);
  };
  /** By then Fastify has read the body. */
  const preHandler: Hook = (request, reply, done) => {
    const caller = callers.get(request);
    if (caller === undefined || !mayBringMessage(request.raw.method)) return done();
    const call = toCall(request, reply);
    try {
      server.assertMayCall(call, caller, request.body);
      done();
    } catch (error) {
      send(reply, refuse(error, call));
    }
  };

  if (platform.getType() === 'express') platform.use(middleware);
  else {
    platform.getInstance().addHook('onRequest', onRequest);
    if (server.readsBodies) platform.getInstance().addHook('preHandler', preHandler);
  }
}

/**
 * The application's middleware may answer before the guard is asked, on Fastify always: the log says so, once. What that
 * middleware refuses needs no warning.
 *
 * @returns takes each request that the guard was asked about
 */
function tellOfUnasked(
  platform: HttpServer,
  isFor: (url: string | undefined) => boolean,
  log: Pick<Log, 'error'>,
): Pick<WeakSet<object>, 'add'> {
  const asked = new WeakSet<object>();
  const server = platform.getHttpServer() as Server;
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === 'OPTIONS' || !isFor(request.url)) return;
    response.once('close', () => {
      const { headersSent, statusCode } = response;
      if (asked.has(request) || !headersSent || statusCode >= 300) return;
      server.off('request', listen);
      log.error({ fix: FIX }, UNASKED);
    });
  };
  server.prependListener('request', listen);
  return asked;
}

const UNASKED =
  'A request for the MCP server was answered before its guard was asked: middleware of the application stands before it';
const FIX = 'Serve it by a controller; on Express consumer.apply(…).forRoutes(…) does as well';

/** There is no handler yet. Listeners find the request where every HTTP context has it. */
function toCall(request: KeycloakRequest, response: Outgoing): Call {
  return toHttpCall(new ExecutionContextHost([request, response]), request, response);
}
