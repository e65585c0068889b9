import type { FastifyInstance } from 'fastify';

/** Names that no name server answers for, and addresses of this machine (RFC 6761 §6.3). */
const LOOPBACK = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])\.?(?::\d{1,5})?$/i;

/**
 * Refuses every request that calls this service by another name. Where everybody knows the password, a page of another
 * site, whose name was made to point to this machine, could log in and read the token (DNS rebinding).
 */
export function answerLoopbackNamesOnly(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (LOOPBACK.test(request.headers.host ?? '')) return;
    return reply
      .code(403)
      .header('cache-control', 'no-store')
      .send({ detail: 'With the embedded provider this service answers to loopback names alone.' });
  });
}
