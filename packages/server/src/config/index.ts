/** The settings without the web server: for the command line, which starts sooner by that. */
export { type Config, ConfigError, clientOptionsOf, type SettingProblem } from './config.ts';
export { CREDENTIAL_SETTING_NAMES, toCredential, toSettingNames } from './credential-settings.ts';
export { readKeycloakJson } from './files.ts';
export { isOutside, isThisMachine, readFolderFile } from './folder.ts';
export { loadConfig, parseSettings } from './load-config.ts';
export { isPlaceholder } from './setting.ts';
