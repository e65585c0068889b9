import { keycloak } from 'keycloak-guard/fetch';

// A function: the environment is read with the first request, not at the build.
export const kc = keycloak(() => ({
  serverUrl: process.env.KEYCLOAK_SERVER_URL ?? '',
  realm: process.env.KEYCLOAK_REALM ?? '',
  clientId: process.env.KEYCLOAK_CLIENT_ID ?? '',
  clientSecret: process.env.KEYCLOAK_CLIENT_SECRET,
  session: { secret: process.env.SESSION_SECRET ?? '', publicUrl: process.env.PUBLIC_URL },
}));
