export type {
  BackchannelLogoutOptions,
  Calls,
  Connection,
  FetchAsOptions,
  FetchForOptions,
  Health,
  HealthCheck,
  McpAuthInfo,
  McpOptions,
  OwnCall,
  TenantSettings,
  TokenAsOptions,
  TokenForOptions,
} from '../engine/index.ts';
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
