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
export * from './parts.ts';
export type {
  GuardHook,
  GuardOptions,
  KeycloakGuardOptions,
  OnDenied,
  PermitHook,
  SessionAuthenticator,
} from './plugin.ts';
export { keycloakGuard as default, keycloakGuard } from './plugin.ts';
