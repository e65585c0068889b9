import type { Discovery, Issuer } from '../core/index.ts';

/** Browsers reach Keycloak at its public address, which the discovery document knows and this process may not. */
export function toBrowserEndpoints({ metadata }: Discovery, fallback: Issuer['endpoints']) {
  const read = (name: string, otherwise: string): string => {
    const value = metadata[name];
    return typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value) ? value : otherwise;
  };
  return {
    authorization_endpoint: read('authorization_endpoint', fallback.authorization),
    end_session_endpoint: read('end_session_endpoint', fallback.logout),
    ...(metadata.authorization_response_iss_parameter_supported === true
      ? { authorization_response_iss_parameter_supported: true }
      : {}),
  };
}
