import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createKeycloakMessages, LONGEST_MESSAGE } from '../../core/internal.ts';
import { type BackchannelLogoutOptions as AdapterOptions, toMessageRoutes } from '../engine/index.ts';
import { asPlugin } from './as-plugin.ts';
import { send } from './send.ts';

/** Options of {@link backchannelLogout}. */
export type BackchannelLogoutOptions = AdapterOptions<FastifyRequest>;

/**
 * Fastify plugin: lets Keycloak tell this API that a session ended, so that its tokens are refused at once.
 * Needs `keycloakGuard` to be registered before.
 *
 * Answers 204, or 400 with `{"error", "error_description", "detail"}`. Keycloak waits for the answer while the
 * user logs out, so there is nothing here that could take long.
 *
 * @throws {OptionsError} at registration, naming every option that is wrong or unknown
 * @see OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8
 */
export const backchannelLogout = asPlugin<BackchannelLogoutOptions>(
  'keycloak-guard-backchannel-logout',
  async (app, options) => {
    const messages = createKeycloakMessages(app.verifier.members);
    const routes = toMessageRoutes<FastifyRequest>(messages, options, ({ log }) => log);
    // A scope of its own, so that its body parsers are nobody else's.
    await app.register(async (scope) => {
      useTextBodies(scope);
      for (const { path, answer } of routes.all) {
        scope.post(path, OPEN, async (request, reply) => send(reply, await answer(request, request.body)));
      }
    });
  },
  ['keycloak-guard'],
);

/** Keycloak brings no token: what it sends is signed. A 401 it would ignore, and the logout would be lost. */
const OPEN = { schema: { hide: true } as object, config: { guard: false } } as const;

function useTextBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  for (const type of ['application/x-www-form-urlencoded', 'text/plain']) {
    scope.addContentTypeParser(
      type,
      { parseAs: 'string', bodyLimit: LONGEST_MESSAGE },
      (_request, body, done) => done(null, body),
    );
  }
}
