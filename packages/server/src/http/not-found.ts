import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Answers a request that no route takes. */
export type SendUnknown = (request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/**
 * 404 for unknown paths; 405 with `Allow` where the path is known and the method is not (RFC 9110 §15.5.6).
 * Call it before the first route: it notes each of them.
 */
export function answerUnknown(app: FastifyInstance): SendUnknown {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    // A route for every path, for preflights, makes no path known.
    if (url === '*' || url.includes(':')) return;
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    // Of the two with a slash at the end Fastify tells one alone.
    if (known.has('HEAD')) known.add('GET');
    methods.set(url, known);
  });

  function methodsOf(path: string): Set<string> | undefined {
    const isBelow = ([url]: [string, unknown]) => url.endsWith('/*') && path.startsWith(url.slice(0, -1));
    return methods.get(path) ?? [...methods].find(isBelow)?.[1];
  }

  const sendUnknown: SendUnknown = (request, reply) => {
    reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    const known = methodsOf(request.url.split('?', 1)[0] ?? '');
    if (known === undefined || known.has(request.method))
      return reply.code(404).send({ detail: 'Not Found' });
    return reply
      .code(405)
      .header('allow', [...known].sort().join(', '))
      .send({ detail: 'Method Not Allowed' });
  };
  app.setNotFoundHandler(sendUnknown);
  return sendUnknown;
}
