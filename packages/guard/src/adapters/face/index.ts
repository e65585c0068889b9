// The types that adapters hand on to users.
export type { GuardOptions } from '../../core/internal.ts';
export type {
  AcceptUpgrade,
  BackchannelLogoutOptions,
  Connection,
  KeycloakOptions,
  OnDenied,
  PathEnforcerOptions,
  PermissionSettings,
  Permissions,
  PermitOptions,
  PermitRule,
  ProtectedResourceOptions,
  RuleOfRequest,
  SessionSettings,
  SocketIoMiddleware,
  SocketIoSocket,
  UpgradeListener,
} from '../engine/index.ts';
export type { McpAuthInfo, McpOptions } from '../mcp/index.ts';
export type { Keycloak, KeycloakBase } from './keycloak.ts';
export type { KeycloakSockets, ServerKeycloak } from './node-keycloak.ts';
export type { WithParts } from './with-parts.ts';
