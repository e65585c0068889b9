import type { FastifyInstance } from 'fastify';
import { allowAnyOrigin } from '../http/cors.ts';
import { addRoute } from '../http/route.ts';

export function addJwks(app: FastifyInstance): void {
  addRoute(app, {
    endpoint: 'jwks',
    path: '/protocol/openid-connect/certs',
    methods: ['GET'],
    async handler({ provider, request, reply }) {
      const { keys } = provider;
      allowAnyOrigin(request, reply);
      return reply
        .header('cache-control', 'no-cache')
        .type('application/json')
        .send(await keys.jwks());
    },
  });
}
