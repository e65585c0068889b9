export { type AppDeps, buildApp } from './app.ts';
export { type Config, ConfigError, clientOptionsOf, type SettingProblem } from './config/config.ts';
export { pathOfDocument } from './config/files.ts';
export { type ConfigSources, loadConfig, readEnvFile } from './config/load-config.ts';
export { isPlaceholder } from './config/setting.ts';
export type { HTTPError, TokenRequest, TokenResponse, UserInfo, ValidationError, Welcome } from './models.ts';
export { explainStart, nextSignal, runService } from './run.ts';
export { type RunningService, startService } from './start.ts';
