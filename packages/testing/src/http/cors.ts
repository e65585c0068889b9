import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import type { Client } from '../realm/client.ts';
import { isAllowedOrigin } from '../realm/origins.ts';
import { ownOrigin } from './issuer.ts';

function isForeign(request: FastifyRequest): boolean {
  return request.headers.origin !== undefined && request.headers.origin !== ownOrigin(request);
}

/** Lets any page read the answer: for public documents and early errors. */
export function allowAnyOrigin(request: FastifyRequest, reply: FastifyReply): void {
  if (!isForeign(request)) return;
  reply.header('access-control-allow-origin', request.headers.origin);
  reply.header('access-control-allow-credentials', 'true');
}

/** Lets the calling page read an answer that is not a public document. */
export function allowCaller(request: FastifyRequest, reply: FastifyReply): void {
  if (!isForeign(request)) return;
  allowAnyOrigin(request, reply);
  reply.header('access-control-expose-headers', 'Access-Control-Allow-Methods');
}

/** Lets pages of the client's own origins read the answer. @throws {Fault} 403 for any other origin */
export function allowOriginsOf(client: Client, request: FastifyRequest, reply: FastifyReply): void {
  if (!isForeign(request)) return;
  if (!isAllowedOrigin(client, request.headers.origin!)) {
    for (const name of ['origin', 'credentials']) reply.removeHeader(`access-control-allow-${name}`);
    reply.removeHeader('access-control-expose-headers');
    throw new Fault(403, 'Invalid origin');
  }
  allowCaller(request, reply);
}

/** Answers a preflight request. */
export function answerPreflight(request: FastifyRequest, reply: FastifyReply, methods: readonly string[]) {
  if (isForeign(request)) {
    allowAnyOrigin(request, reply);
    reply.header('access-control-allow-methods', methods.join(', '));
    reply.header(
      'access-control-allow-headers',
      'Origin, Accept, X-Requested-With, Access-Control-Request-Method, Access-Control-Request-Headers, DPoP, Content-Type, Authorization',
    );
    reply.header('access-control-max-age', '3600');
  }
  return reply.code(200).send();
}
