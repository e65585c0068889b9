export type { McpAuthInfo, McpOptions } from '../engine/index.ts';
export type {
  BackchannelLogoutOptions,
  OnDenied,
  PermissionSettings,
  Permissions,
  PermitRule,
  ProtectedResourceOptions,
  SessionSettings,
} from '../engine/internal.ts';
export type { OfRequest, PermissionOptions } from './access.ts';
export type { KeycloakRequest } from './call.ts';
export * from './decorators.ts';
export { KeycloakGuard, LoginLimitsGuard } from './guards.ts';
export { KeycloakModule, type KeycloakModuleAsyncOptions } from './module.ts';
export type { KeycloakModuleOptions, NestOptions } from './options.ts';
export { KeycloakService } from './service.ts';
export type { TokenReader, TokenReaders } from './to-call.ts';
