export { type AppDeps, buildApp } from './app.ts';
export {
  type Config,
  ConfigError,
  type ConfigSources,
  clientOptionsOf,
  loadConfig,
  readEnvFile,
  type SettingProblem,
} from './config/config.ts';
export { pathOfDocument } from './config/documents.ts';
export { isPlaceholder } from './config/setting-parsers.ts';
export type { HTTPError, TokenRequest, TokenResponse, UserInfo, ValidationError, Welcome } from './models.ts';
export { explainStart, nextSignal, runService } from './run.ts';
export { type RunningService, startService } from './start.ts';
