import { CREDENTIAL_SETTINGS } from './credential-settings.ts';

/** Options of the library, and the settings of the service and the command line that set them. */
const SETTING_OF: Readonly<Record<string, string>> = {
  serverUrl: 'KEYCLOAK_SERVER_URL',
  realm: 'KEYCLOAK_REALM',
  clientId: 'KEYCLOAK_CLIENT_ID',
  clientSecret: 'KEYCLOAK_CLIENT_SECRET',
  'credential.keyFile': 'KEYCLOAK_CLIENT_KEY_FILE',
  'credential.tokenFile': 'KEYCLOAK_CLIENT_TOKEN_FILE',
  timeoutMs: 'KEYCLOAK_TIMEOUT_MS',
  clockToleranceSeconds: 'CLOCK_TOLERANCE_SECONDS',
};

/** Names settings in an advice of the library, which names its options: "the option realm" becomes `KEYCLOAK_REALM`. */
export const toSettingNames = (fix: string): string =>
  fix.replace(/the option (\w+(?:\.\w+)?)/g, (words, option: string) => SETTING_OF[option] ?? words);

/** Settings that hold a credential of the client, or name the file with it: the service takes one of them. */
export const CREDENTIAL_SETTING_NAMES: readonly string[] = Object.keys(CREDENTIAL_SETTINGS);
