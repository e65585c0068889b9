import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { KeycloakClient } from 'keycloak-guard/client';
import { keycloakSession } from 'keycloak-guard/fastify';
import type { Config } from '../config/config.ts';
import type { SharedState } from '../shared/shared-state.ts';

/** Sign-in with the browser: `/auth/login`, `/auth/callback`, `/auth/session`, `/auth/logout`. */
export async function useBrowserSessions(
  app: FastifyInstance,
  config: Config,
  client: KeycloakClient,
  shared: SharedState | undefined,
): Promise<void> {
  const { sessionSecrets, publicUrl, sessionIdleSeconds, sessionMaxSeconds } = config;
  if (sessionSecrets === 'off') return;
  if (sessionSecrets === undefined) {
    app.log.info(
      'SESSION_SECRET is not set: one was made up, and who signs in with the browser is signed out at the next start',
    );
  }
  await app.register(keycloakSession, {
    client,
    secret: sessionSecrets ?? randomBytes(32).toString('hex'),
    publicUrl,
    // Answers of this API are JSON, for browsers too.
    redirectToLogin: false,
    idleSeconds: sessionIdleSeconds,
    maxSeconds: sessionMaxSeconds,
    ...(shared === undefined ? {} : { store: shared.sessions }),
  });
}
