import type { ProtectedResourceOptions } from '../engine/internal.ts';
import { asPlugin } from './as-plugin.ts';
import { ENGINE } from './engine.ts';
import { mountRoutes } from './mount.ts';

/**
 * Fastify plugin: publishes which resource this API is, so that clients which only know its URL find Keycloak and the scopes.
 * Answers `GET /.well-known/oauth-protected-resource`, followed by the path of the URL; every challenge names it. Needs
 * `keycloakGuard` to be registered before.
 *
 * @throws {OptionsError} at registration, naming every option that is missing, wrong or unknown
 * @see RFC 9728
 * @example
 * await app.register(protectedResource, { url: 'https://api.example.com', scopes: ['orders:read'] });
 */
export const protectedResource = asPlugin<ProtectedResourceOptions & { readonly prefix?: never }>(
  'keycloak-guard-protected-resource',
  async (app, options) => mountRoutes(app, app[ENGINE].protectedResource(options)),
  ['keycloak-guard'],
);
