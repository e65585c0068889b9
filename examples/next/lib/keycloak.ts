// The files of a Next.js app that have to do with Keycloak: put them into one that `create-next-app` made. `next build` needs
// `"allowImportingTsExtensions": true` in tsconfig.json for imports that end in `.ts`, as plain Node.js wants them.
import { type FetchKeycloak, keycloak } from 'keycloak-guard/fetch';

// Next.js loads this file several times: for pages, for route handlers, for the proxy. Sessions are in one of them.
const shared = globalThis as { kc?: FetchKeycloak };

// A function: `next build` needs none of the secrets.
shared.kc ??= keycloak(() => ({
  serverUrl: process.env.KEYCLOAK_SERVER_URL ?? '',
  realm: 'testing',
  clientId: 'fastapi-keycloak',
  clientSecret: process.env.KEYCLOAK_CLIENT_SECRET,
  session: { secret: process.env.SESSION_SECRET ?? '', publicUrl: process.env.PUBLIC_URL },
}));

export const kc = shared.kc;
