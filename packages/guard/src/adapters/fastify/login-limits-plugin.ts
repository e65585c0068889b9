import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { toCallbackGuard } from '../engine/internal.ts';
import type { LoginLimitSettings } from '../face/index.ts';
import { asPlugin } from './as-plugin.ts';
import { ENGINE } from './engine.ts';
import { createRefuse } from './refuse.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * A `preHandler` hook for a login of your own: answers 429 with `Retry-After` to those who try too often, and `RateLimit-*`
     * to everybody. Decorated by `keycloakLoginLimits`.
     */
    loginLimits(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void;
  }
}

/**
 * Fastify plugin: limits logins. Needs `keycloakGuard`.
 *
 * @throws {OptionsError} at registration, naming every option that is wrong or unknown
 * @see RFC 6585 §4, docs/login-limits.md
 * @example
 * await app.register(keycloakLoginLimits, { username: ({ body }) => body?.username });
 * app.post('/login', { preHandler: app.loginLimits }, login);
 */
export const keycloakLoginLimits = asPlugin<LoginLimitSettings<FastifyRequest>>(
  'keycloak-guard-login-limits',
  async (app, options) => {
    const { createLoginGate } = await import('../face/internal.ts');
    const gate = createLoginGate(app[ENGINE], options, ({ principal }) => principal);
    app.decorate('loginLimits', toCallbackGuard(gate, createRefuse(app[ENGINE])));
  },
  ['keycloak-guard'],
);
