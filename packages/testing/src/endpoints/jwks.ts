import type { FastifyInstance } from 'fastify';
import { allowAnyOrigin } from '../http/cors.ts';
import { addRoute } from '../http/route.ts';
import type { Provider } from '../provider.ts';

export function addJwks(app: FastifyInstance, { keys }: Provider): void {
  addRoute(app, {
    endpoint: 'jwks',
    path: '/protocol/openid-connect/certs',
    methods: ['GET'],
    handler(request, reply) {
      allowAnyOrigin(request, reply);
      return reply.header('cache-control', 'no-cache').type('application/json').send(keys.jwks());
    },
  });
}
