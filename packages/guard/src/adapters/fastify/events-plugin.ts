import type { EventsOf } from '../face/index.ts';
import { asPlugin } from './as-plugin.ts';
import { ENGINE } from './engine.ts';

type Options = NonNullable<Parameters<EventsOf['events']>[0]>;

declare module 'fastify' {
  interface FastifyInstance {
    /** Keycloak's events, followed. Decorated by `keycloakEvents`. */
    readonly keycloakEvents: ReturnType<EventsOf['events']>;
  }
}

/**
 * Fastify plugin: follows Keycloak's events. Needs `keycloakGuard`.
 *
 * @example
 * await app.register(keycloakGuard, { ...keycloak, clientSecret });
 * await app.register(keycloakEvents);
 * app.keycloakEvents.onUser({ deleted: ({ subject }) => db.users.remove(subject) });
 */
export const keycloakEvents = asPlugin<Options>(
  'keycloak-guard-events',
  async (app, options) => {
    const { createEvents } = await import('../face/internal.ts');
    const news = createEvents('keycloakEvents', app[ENGINE].verifier).events({ ...options });
    app.decorate('keycloakEvents', news);
    app.addHook('onClose', () => news.close());
  },
  ['keycloak-guard'],
);
