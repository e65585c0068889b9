// The types that every adapter hands on to users.
export type { Permissions, PermitOptions, PermitRule, RuleOfRequest } from '../../authz/internal.ts';
export type { GuardOptions, Health, HealthCheck } from '../../core/internal.ts';
export type {
  FetchAsOptions,
  FetchForOptions,
  TokenAsOptions,
  TokenForOptions,
} from '../../outgoing/index.ts';
export type { TenantDirectory, TenantLookup, TenantRequest, TenantSettings } from '../../tenants/index.ts';
export type { Connection } from './connection.ts';
export type { EventsOf } from './events.ts';
export type { Keycloak, KeycloakBase } from './keycloak.ts';
export type { McpAuthInfo, McpOptions, WithMetadata } from './mcp-options.ts';
export type { BackchannelLogoutOptions } from './messages.ts';
export type { KeycloakSockets, ServerKeycloak } from './node-keycloak.ts';
export type { OnDenied, PermissionSettings, SessionSettings } from './options.ts';
export type { Calls, OwnCall } from './parts/calls.ts';
export type { LoginLimitSettings } from './parts/login-limits.ts';
export type { ProtectedResourceOptions } from './parts/resource-metadata.ts';
export type { GuardRequirements, RequestGuardOptions, RequirementsOf } from './requirements.ts';
export type { AcceptUpgrade, SocketIoMiddleware, SocketIoSocket, UpgradeListener } from './sockets.ts';
export type { Parts, WithParts } from './with-parts.ts';
