// The types that every adapter hands on to users. Those on Node's servers add the types of sockets.
export type { GuardOptions, Health, HealthCheck } from '../../core/internal.ts';
export type {
  FetchAsOptions,
  FetchForOptions,
  TokenAsOptions,
  TokenForOptions,
} from '../../outgoing/index.ts';
export type { TenantDirectory, TenantLookup, TenantRequest, TenantSettings } from '../../tenants/index.ts';
export type {
  Asking,
  AskingOptions,
  BackchannelLogoutOptions,
  Connection,
  KeycloakOptions,
  OnDenied,
  PermissionSettings,
  Permissions,
  PermitOptions,
  PermitRule,
  ProtectedResourceOptions,
  RequirementsOf,
  RuleOfRequest,
  SessionSettings,
} from '../engine/internal.ts';
export type { McpAuthInfo, McpOptions, WithMetadata } from '../mcp/index.ts';
export type { Calls, OwnCall } from './calls.ts';
export type { EventsOf } from './events.ts';
export type { Keycloak, KeycloakBase } from './keycloak.ts';
export type { LoginLimitSettings } from './login-limits.ts';
export type { KeycloakSockets, ServerKeycloak } from './node-keycloak.ts';
export type { Parts, WithParts } from './sessions.ts';
