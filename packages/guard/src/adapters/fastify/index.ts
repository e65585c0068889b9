export type {
  Calls,
  Connection,
  FetchAsOptions,
  FetchForOptions,
  Health,
  HealthCheck,
  OwnCall,
  TenantSettings,
  TokenAsOptions,
  TokenForOptions,
} from '../face/index.ts';
export type { McpAuthInfo, McpOptions } from '../mcp/index.ts';
export type { GuardHook, GuardOptions, OnDenied, SessionAuthenticator } from './guard-hook.ts';
export { keycloakMcp } from './mcp-plugin.ts';
export * from './parts.ts';
export * from './permissions-plugin.ts';
export { keycloakGuard as default, keycloakGuard } from './plugin.ts';
export type { KeycloakGuardOptions } from './plugin-options.ts';
