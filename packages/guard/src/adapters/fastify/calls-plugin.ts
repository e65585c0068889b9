import type { FastifyRequest } from 'fastify';
import type { Calls } from '../face/index.ts';
import { asPlugin } from './as-plugin.ts';
import { ENGINE } from './engine.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Calls to other services, with their tokens. Decorated by `keycloakCalls`. */
    readonly calls: Calls<FastifyRequest>;
  }
}

/**
 * Fastify plugin: calls other services in the name of callers, and in the application's own. Needs `keycloakGuard`.
 *
 * @example
 * await app.register(keycloakGuard, { ...keycloak, audience: 'shop' });
 * await app.register(keycloakCalls);
 * const orders = app.calls.fetchFor({ origin: 'https://orders.internal', audience: 'orders' });
 * app.get('/checkout', { onRequest: app.guard() }, async (request) => (await orders(request, '/orders/7')).json());
 */
export const keycloakCalls = asPlugin<Record<never, never>>(
  'keycloak-guard-calls',
  async (app) => {
    // Applications that only guard routes load no client.
    const { createCalls } = await import('../face/internal.ts');
    app.decorate('calls', createCalls<FastifyRequest>({ ...app[ENGINE], factory: 'keycloakCalls' } as never));
  },
  ['keycloak-guard'],
);
