import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { jsonTextOf, parseJsonTexts, queryOf } from '../http/bodies.ts';
import { findCaller, type ProtectionAnswer, type ProtectionCall } from './requester.ts';
import {
  findResources,
  readResource,
  registerResource,
  removeResource,
  replaceResource,
} from './resource-set.ts';
import { createPermissionTicket, listTickets, removeTicket, shareByTicket, updateTicket } from './tickets.ts';

type Handler = (call: ProtectionCall) => ProtectionAnswer | Promise<ProtectionAnswer>;
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Handlers by path and method, and whether a user needs the role `uma_protection`. */
const ROUTES: Readonly<Record<string, { needsRole: boolean } & Partial<Record<Method, Handler>>>> = {
  '/resource_set': { needsRole: true, GET: findResources, POST: registerResource },
  '/resource_set/:id': {
    ...{ needsRole: true, GET: readResource, PUT: replaceResource, DELETE: removeResource },
  },
  '/permission': { needsRole: false, POST: createPermissionTicket },
  '/permission/ticket': { needsRole: true, GET: listTickets, POST: shareByTicket, PUT: updateTicket },
  '/permission/ticket/:id': { needsRole: true, DELETE: removeTicket },
};
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'] as const;

/**
 * Resources, tickets and shares of a client with authorization services (UMA 2.0 Federated Authorization §3 and §4).
 *
 * @see Keycloak, Authorization Services Guide: "Protection API"
 */
export function addProtectionApi(app: FastifyInstance): void {
  app.register(
    async (scope) => {
      parseJsonTexts(scope);
      const config = { endpoint: 'protection' as const };
      for (const [url, { needsRole, ...handlers }] of Object.entries(ROUTES)) {
        for (const method of METHODS) {
          const handler = method === 'PATCH' ? undefined : handlers[method];
          scope.route({
            ...{ method, url, config },
            handler:
              handler === undefined
                ? (_request, reply) => reply.code(405).send({ error: 'HTTP 405 Method Not Allowed' })
                : (request, reply) => answer(request, reply, needsRole, handler),
          });
        }
      }
    },
    { prefix: '/authz/protection' },
  );
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  needsRole: boolean,
  handler: Handler,
): Promise<FastifyReply> {
  const { provider } = request;
  const caller = await findCaller(provider, request, needsRole);
  const { id = '' } = request.params as { id?: string };
  const call = { provider, request, caller, id, query: queryOf(request), text: jsonTextOf(request) };
  const { status, json } = await handler(call);
  reply.code(status);
  if (json === undefined) return reply.send();
  return reply.header('content-type', 'application/json;charset=UTF-8').send(JSON.stringify(json));
}
