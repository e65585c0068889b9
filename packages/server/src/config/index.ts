/** The settings without the web server: for the command line, which starts sooner by that. */
export {
  type Config,
  ConfigError,
  clientOptionsOf,
  loadConfig,
  readEnvFile,
  type SettingProblem,
} from './config.ts';
export { toCredential } from './credential-settings.ts';
export { isOutside, isThisMachine, readFolderFile } from './folder.ts';
export { readKeycloakJson } from './keycloak-json.ts';
export { CREDENTIAL_SETTING_NAMES, toSettingNames } from './setting-names.ts';
export { isPlaceholder } from './setting-parsers.ts';
