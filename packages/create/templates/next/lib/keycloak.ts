import { type FetchKeycloak, keycloak } from 'keycloak-guard/fetch';
import { readSettings } from './settings.ts';

// Next.js loads this file several times: for pages, for route handlers, for the proxy. They share one object.
const shared = globalThis as { kc?: FetchKeycloak };

// A function, so that `next build` needs no settings. The first request names a missing one.
shared.kc ??= keycloak(() => {
  // #if browser
  const { keycloak, session } = readSettings();
  return { ...keycloak, session };
  // #else
  return readSettings().keycloak;
  // #endif
});

export const { kc } = shared as { kc: FetchKeycloak };
