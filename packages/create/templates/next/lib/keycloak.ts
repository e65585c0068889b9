import { type FetchKeycloak, keycloak } from 'keycloak-guard/fetch';

// Next.js loads this file several times: for pages, for route handlers, for the proxy. They share one object.
const shared = globalThis as { kc?: FetchKeycloak };

// A function, so that `next build` needs none of these. The first request names a missing one.
shared.kc ??= keycloak(() => ({
  serverUrl: process.env.KEYCLOAK_SERVER_URL ?? '',
  realm: process.env.KEYCLOAK_REALM ?? '',
  clientId: process.env.KEYCLOAK_CLIENT_ID ?? '',
  clientSecret: process.env.KEYCLOAK_CLIENT_SECRET,
  // #if browser
  session: { secret: process.env.SESSION_SECRET ?? '', publicUrl: process.env.PUBLIC_URL },
  // #endif
}));

export const { kc } = shared as { kc: FetchKeycloak };
