import type { FastifyRequest } from 'fastify';
import type { SessionSettings } from '../engine/internal.ts';
import { asPlugin } from './as-plugin.ts';
import { ENGINE, SESSIONS } from './engine.ts';
import { mountRoutes } from './mount.ts';

/**
 * Options of {@link keycloakSession}. `client` may be left out if `keycloakGuard` was given `serverUrl` and `clientSecret`:
 * then it is that client.
 */
export type KeycloakSessionOptions = SessionSettings<FastifyRequest>;

/**
 * Fastify plugin: signs people in with the browser and keeps them signed in, with a cookie that holds no token.
 * Guards of the scope it is registered in then accept the cookie as well as a bearer token. Needs `keycloakGuard`.
 *
 * - `GET /auth/login?return_to=/path` → Keycloak → `GET /auth/callback` → back
 * - `GET /auth/session` → `{"authenticated", "user", "idle_expires_at", "expires_at"}`, times in seconds since 1970
 * - `POST /auth/logout` → Keycloak → back; only from a page of this origin
 *
 * The client in Keycloak needs the standard flow, `<public URL>/auth/callback` as redirect URI and `<public URL>/` as
 * post logout redirect URI. Register `backchannelLogout` too, so that a logout in Keycloak ends sessions at once.
 *
 * @throws {OptionsError} at registration, naming every option that is missing or wrong
 * @see OAuth 2.0 for Browser-Based Applications, §6.1 "Backend For Frontend"; RFC 9700
 * @example
 * await app.register(keycloakGuard, keycloak);
 * await app.register(keycloakSession, { secret: process.env.SESSION_SECRET ?? '' });
 */
export const keycloakSession = asPlugin<KeycloakSessionOptions>(
  'keycloak-guard-session',
  async (app, settings) => {
    // Applications that only guard routes load no sessions.
    const { openSessions } = await import('../face/internal.ts');
    const engine = app[ENGINE];
    const sessions = engine.toOpenSessions(openSessions(engine, settings, 'keycloakSession'));
    app.decorate('sessionAuthenticator', sessions.authenticate);
    app.decorate(SESSIONS, sessions);
    mountRoutes(app, sessions.routes);
    app.addHook('onClose', () => sessions.close());
  },
  ['keycloak-guard'],
);
