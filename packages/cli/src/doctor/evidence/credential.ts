import type { Config } from '@keycloak-guard/server/config';

/** The setting that says how this service proves to Keycloak that it is its client. */
export function credentialSetting({ credential }: Pick<Config, 'credential'>): string {
  if ('secretFile' in credential) return 'KEYCLOAK_CLIENT_SECRET_FILE';
  if ('keyFile' in credential) return 'KEYCLOAK_CLIENT_KEY_FILE';
  if ('certificateFile' in credential) return 'KEYCLOAK_CLIENT_CERTIFICATE_FILE';
  return 'tokenFile' in credential ? 'KEYCLOAK_CLIENT_TOKEN_FILE' : 'KEYCLOAK_CLIENT_SECRET';
}
