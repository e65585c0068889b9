import type { AuthError } from '../http/errors.ts';

/** What to do where a realm answers, but not as a realm does; `undefined` where nothing answers. */
export function adviseOnRealm({ code, seen }: AuthError): string | undefined {
  if (code !== 'provider_misconfigured') return undefined;
  if (seen === 'HTTP 404') {
    return 'Check the name of the realm, in its exact case, and the path of the server URL: with or without /auth';
  }
  if (seen === 'HTTP 401' || seen === 'HTTP 403') {
    return 'Keycloak asks nobody for credentials here: look at what stands between, and at "Require SSL" of the realm';
  }
  return 'Check the server URL: something else than the realm answers there';
}
