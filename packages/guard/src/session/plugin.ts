import { asPlugin } from '../fastify/internal.ts';
import { createAuthenticator } from './authenticator.ts';
import { createPlaceFinder, type SessionContext } from './context.ts';
import { addLoginRoutes } from './login-routes.ts';
import { resolveSessionOptions, type SessionOptions } from './options.ts';
import { createSealer } from './seal.ts';
import { createSessionKeeper } from './session-keeper.ts';
import { addSessionRoutes } from './session-routes.ts';

/**
 * Fastify plugin: signs people in with the browser and keeps them signed in, with a cookie that holds no token.
 * Guards of the scope it is registered in then take the cookie as well as a bearer token. Needs `keycloakGuard`.
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
 * await app.register(keycloakSession, { client: createClient(keycloak), secret: process.env.SESSION_SECRET });
 */
export const keycloakSession = asPlugin<SessionOptions>(
  'keycloak-guard-session',
  async (app, given) => {
    const options = resolveSessionOptions(given);
    const placeOf = createPlaceFinder(options);
    const keeper = createSessionKeeper(options);
    const sealer = createSealer(options.secrets);
    const context: SessionContext = { options, keeper, sealer, verifier: app.verifier };
    const authenticator = createAuthenticator(context, placeOf);

    app.decorate('sessionAuthenticator', authenticator);
    addLoginRoutes(app, context, placeOf);
    addSessionRoutes(app, context, placeOf, authenticator);
    app.addHook('onClose', async () => {
      await keeper.close();
      // Whoever made a store closes it.
      if (given.store === undefined) await options.store.close();
    });
  },
  ['keycloak-guard'],
);
