export { type AppDeps, buildApp } from './app.ts';
export {
  type Config,
  ConfigError,
  type ConfigSources,
  clientOptionsOf,
  loadConfig,
  readEnvFile,
  type SettingProblem,
} from './config.ts';
export { pathOfDocument } from './documents.ts';
export type { HTTPError, TokenRequest, TokenResponse, UserInfo, ValidationError, Welcome } from './models.ts';
export { explainStart, nextSignal, runService } from './run.ts';
export { isPlaceholder } from './setting-parsers.ts';
export { type RunningService, startService } from './start.ts';
