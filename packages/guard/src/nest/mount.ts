import type { HttpServer } from '@nestjs/common';
import {
  type Door,
  type Next,
  type NodeMiddleware,
  type NodeRequest,
  type NodeResponse,
  type Route,
  type Routes,
  toNodeRoutes,
} from '../adapter/internal.ts';
import type { Call, KeycloakRequest } from './call.ts';
import { toHttpCall } from './http-call.ts';

type FastifyRequest = KeycloakRequest & { readonly raw: NodeRequest };
type FastifyReply = { readonly raw: NodeResponse; getHeaders(): Readonly<Record<string, string>> };
/** As much of Fastify as is needed. */
interface Fastify {
  addHook(name: 'onRequest', hook: (request: FastifyRequest, reply: FastifyReply, done: Next) => void): void;
}

/**
 * Answers the routes of sessions and messages, on Express and on Fastify, before the application's own are looked at.
 *
 * @throws {Error} on a platform that is neither
 */
export function mountRoutes(
  platform: HttpServer,
  door: Pick<Door<Call, Call>, 'refusalOf'>,
  all: readonly Routes<Call>[],
): void {
  const type = platform.getType();
  /** Behind a proxy, Fastify's own request knows by which name it was called; the one underneath does not. */
  const sources = new WeakMap<NodeRequest, KeycloakRequest>();
  const toCall = (request: NodeRequest): Call =>
    toHttpCall(undefined, sources.get(request) ?? request, undefined);
  const refusalOf = (error: unknown, request: NodeRequest) => door.refusalOf(error, toCall(request));

  for (const routes of all) {
    const middleware = toNodeRoutes({ refusalOf }, translate(routes, toCall));
    if (type === 'express') platform.use(middleware);
    else if (type === 'fastify') {
      (platform.getInstance() as Fastify).addHook('onRequest', toHook(middleware, sources));
    } else
      throw new Error(`KeycloakModule knows Express and Fastify: session and backchannelLogout, not ${type}`);
  }
}

/** The same routes for requests of Node's. */
function translate(routes: Routes<Call>, toCall: (request: NodeRequest) => Call): Routes<NodeRequest> {
  const translated = new Map(
    routes.all.map((route): [Route<Call>, Route<NodeRequest>] => [
      route,
      { ...route, answer: (request, body) => route.answer(toCall(request), body) },
    ]),
  );
  return {
    all: [...translated.values()],
    find(method, path) {
      const route = routes.find(method, path);
      return route && translated.get(route);
    },
  };
}

/** Fastify hears no more of a request that is answered here, as of one that middleware answers. */
function toHook(middleware: NodeMiddleware, sources: WeakMap<NodeRequest, KeycloakRequest>) {
  return (request: FastifyRequest, reply: FastifyReply, done: Next): void => {
    sources.set(request.raw, request);
    // What earlier hooks have set, as of CORS; for every other request Fastify sets it again.
    for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value);
    middleware(request.raw, reply.raw, done);
  };
}
