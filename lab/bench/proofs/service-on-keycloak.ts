import { startKeycloak } from '../../../tools/run/keycloak/index.ts';
import { here, startServer } from '../processes.ts';
import { CLIENT_ID, REALM } from '../realm/tokens.ts';

export const USER = { username: 'abdullah', password: 'Test#123456' };
export const SECRET = 'for-development-only';

/** A real Keycloak, and the built service in front of it. */
export async function startServiceOnKeycloak(
  log: (text: string) => void,
  settings: Readonly<Record<string, string>> = {},
) {
  const keycloak = await startKeycloak({
    realmFile: here('../../packages/testing/testing-realm.json'),
    // The just-in-time compilers as in production: the tool's own choice is for quick starts.
    env: { JAVA_OPTS_APPEND: '' },
    onProgress: log,
  });
  const server = await startServer(here('../../packages/server/dist/main.js'), {
    ...{ KEYCLOAK_SERVER_URL: keycloak.url, KEYCLOAK_REALM: REALM, KEYCLOAK_CLIENT_ID: CLIENT_ID },
    ...{ KEYCLOAK_CLIENT_SECRET: SECRET, SESSION_SECRET: 'off', HOST: '127.0.0.1', LOG_LEVEL: 'warn' },
    ...settings,
  });
  return { keycloak, server };
}
