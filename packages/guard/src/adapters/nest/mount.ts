import type { HttpServer } from '@nestjs/common';
import type { Answer } from '../../core/internal.ts';
import {
  answerNode,
  answerRoute,
  type Door,
  type Next,
  type NodeRequest,
  type NodeResponse,
  pathOf,
  type Routes,
  sentOnNode,
} from '../engine/internal.ts';
import type { Call, KeycloakRequest, Outgoing } from './call.ts';
import { toHttpCall } from './to-call.ts';

type ExpressRequest = NodeRequest & { readonly body?: unknown };
type FastifyRequest = KeycloakRequest & { readonly raw: NodeRequest; readonly body?: unknown };
type FastifyReply = Extract<Outgoing, { headers(all: object): unknown }> & {
  code(status: number): unknown;
  send(body: string | undefined): unknown;
  readonly raw: NodeResponse;
};
export type Hook = (request: FastifyRequest, reply: FastifyReply, done: Next) => void;

/**
 * Answers the routes of sessions, messages and metadata on Express and Fastify, before the application's routes.
 *
 * @throws {Error} on any other platform
 */
export function mountRoutes(
  platform: HttpServer,
  door: Pick<Door<Call, Call>, 'refusalOf'>,
  routes: Routes<Call>,
): void {
  /** @returns `undefined` if none of the routes matches */
  function answer(call: Call, raw: NodeRequest, parsed?: unknown): Promise<Answer | undefined> | undefined {
    const route = routes.find(raw.method, pathOf(raw.url ?? '/'));
    return route && answerRoute(door, route, call, sentOnNode(raw, parsed));
  }

  function middleware(request: ExpressRequest, response: NodeResponse, next: Next): void {
    const answered = answer(toHttpCall(undefined, request, response), request, request.body);
    if (answered === undefined) next();
    else answered.then((one) => one && answerNode(response, one), next);
  }

  const hook: Hook = (request, reply, done) => {
    const answered = answer(toHttpCall(undefined, request, reply), request.raw);
    if (answered === undefined) done();
    else answered.then((one) => one && send(reply, one), done);
  };

  const type = platform.getType();
  if (type === 'express') platform.use(middleware);
  else if (type === 'fastify') platform.getInstance().addHook('onRequest', hook);
  else throw new Error(`the module's own routes need Express or Fastify; this is ${type}`);
}

export function send(reply: FastifyReply, { status, headers, setCookies, body }: Answer): void {
  reply.code(status);
  reply.headers(headers);
  for (const cookie of setCookies) reply.header('set-cookie', cookie);
  reply.send(body);
}
