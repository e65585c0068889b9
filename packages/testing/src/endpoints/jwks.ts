import { allowAnyOrigin } from '../http/cors.ts';
import type { Route } from '../http/route.ts';

export const jwksRoute: Route = {
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
};
