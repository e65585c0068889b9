import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerPreflight } from '../http/headers.ts';
import type { Endpoint } from '../http/misbehaviour.ts';
import type { Provider } from './provider.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    endpoint?: Endpoint;
    /** Whether it controls the provider, rather than belongs to it. */
    isControl?: true;
  }
  interface FastifyRequest {
    /** The realm of the request's path. */
    provider: Provider;
  }
}

/** A request, the realm of its path, and the answer. */
export interface Exchange {
  readonly provider: Provider;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** An endpoint of the provider. */
export interface Route {
  endpoint: Endpoint;
  path: string;
  methods: readonly ('GET' | 'POST')[];
  /** Methods that a preflight lists instead of `methods`. */
  preflight?: readonly string[];
  handler(exchange: Exchange): unknown;
}

const ALL = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Registers an endpoint, its preflight, and 405 for every other method: one route, for a Fastify with many takes long to start. */
export function addRoute(app: FastifyInstance, options: Route): void {
  const { endpoint, path, methods, handler } = options;
  const config = { endpoint };
  const answered: readonly string[] = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
  app.route({
    ...{ method: [...ALL], url: path, config },
    handler(request, reply) {
      if (request.method === 'OPTIONS')
        return answerPreflight(request, reply, options.preflight ?? [...answered, 'OPTIONS']);
      if (answered.includes(request.method)) return handler({ provider: request.provider, request, reply });
      return reply.code(405).send({ error: 'HTTP 405 Method Not Allowed' });
    },
  });
}
