import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { HttpServer } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { Answer, Log } from '../../core/internal.ts';
import {
  addToNodeAnswer,
  answerNode,
  type Door,
  type Next,
  type NodeRequest,
  type NodeResponse,
} from '../engine/internal.ts';
import {
  createMcpServer,
  type McpCaller,
  type McpHost,
  type ResolvedMcpOptions,
  watchAnswer,
} from '../mcp/index.ts';
import { answerUnreadable, readMessage } from '../mcp/internal.ts';
import type { Call, KeycloakRequest, Outgoing } from './call.ts';
import { toHttpCall } from './http-call.ts';
import { type FastifyReply, type FastifyRequest, send } from './mount.ts';

/**
 * Guards an MCP server on Express and Fastify, before the application's routes. Refusals are answered here, because
 * exception filters only see handlers.
 */
export function mountMcp(
  platform: HttpServer,
  door: McpHost<Call> & Pick<Door<Call, Call, never>, 'statelessGate' | 'refusalOf' | 'log'>,
  options: ResolvedMcpOptions,
): void {
  const server = createMcpServer(options, door.statelessGate(), door);
  const asked = tellOfUnasked(platform, server.isFor, door.log);

  /** The answer to a refused call, or to a message that cannot be read. Rethrows any other error. */
  function refuse(error: unknown, call: Call): Answer {
    const answer = answerUnreadable(error) ?? door.refusalOf(error, call);
    if (answer === undefined) throw error;
    return answer;
  }

  /** The answer to send at once, or `undefined` if the call may proceed. */
  async function admit(
    call: Call,
    request: KeycloakRequest,
    raw: NodeRequest,
    response: NodeResponse,
    lookInto: (caller: McpCaller) => Promise<void> | undefined,
  ): Promise<Answer | undefined> {
    asked.add(raw);
    const preflight = server.preflight(raw);
    if (preflight !== undefined) return preflight;
    addToNodeAnswer(response, { headers: server.corsHeaders(raw), setCookies: [] });
    try {
      const caller = await server.admit(call, call);
      await lookInto(caller);
      watchAnswer(response, caller);
      request.principal = caller.principal;
      Object.assign(raw, { principal: caller.principal, auth: caller.auth });
      return undefined;
    } catch (error) {
      return refuse(error, call);
    }
  }

  function middleware(request: NodeRequest & KeycloakRequest, response: NodeResponse, next: Next): void {
    if (!server.isFor(request.url)) {
      next();
      return;
    }
    const call = toCall(request, response);
    const lookInto = async (caller: McpCaller) => {
      if (!server.readsBodies || request.method !== 'POST') return;
      server.assertMayCall(call, caller, await readMessage(request));
    };
    admit(call, request, request, response, lookInto).then(
      (answer) => (answer === undefined ? next() : answerNode(response, answer)),
      // The client went away while its body was read: no answer is needed.
      (error) => (request.destroyed && !request.complete ? undefined : next(error)),
    );
  }

  const callers = new WeakMap<object, McpCaller>();
  const onRequest = (request: FastifyRequest, reply: FastifyReply, done: Next): void => {
    if (!server.isFor(request.url)) {
      done();
      return;
    }
    const lookInto = (caller: McpCaller) => void callers.set(request, caller);
    admit(toCall(request, reply), request, request.raw, reply.raw, lookInto).then(
      (answer) => (answer === undefined ? done() : send(reply, answer)),
      done,
    );
  };
  /** By then Fastify has read the body. */
  const preHandler = (request: FastifyRequest, reply: FastifyReply, done: Next): void => {
    const caller = callers.get(request);
    if (caller === undefined || request.raw.method !== 'POST') {
      done();
      return;
    }
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
