import type { FastifyRequest } from 'fastify';
import type { BackchannelLogoutOptions as MessageOptions } from '../engine/internal.ts';
import { asPlugin } from './as-plugin.ts';
import { ENGINE } from './engine.ts';
import { mountRoutes } from './mount.ts';

/** Options of {@link backchannelLogout}. */
export type BackchannelLogoutOptions = MessageOptions<FastifyRequest>;

/**
 * Fastify plugin: lets Keycloak report that a session ended, so that its tokens are refused at once. Needs `keycloakGuard`
 * to be registered before.
 *
 * Answers 204, or 400 with `{"error", "error_description", "detail"}`. Keycloak waits for the answer while the user logs
 * out, so it does nothing slow.
 *
 * @throws {OptionsError} at registration, naming every option that is wrong or unknown
 * @see OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8
 */
export const backchannelLogout = asPlugin<BackchannelLogoutOptions>(
  'keycloak-guard-backchannel-logout',
  async (app, options) => mountRoutes(app, app[ENGINE].messages(options)),
  ['keycloak-guard'],
);
