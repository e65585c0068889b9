export type { GuardOptions } from '../../core/internal.ts';
export type {
  AcceptUpgrade,
  BackchannelLogoutOptions,
  Connection,
  KeycloakOptions,
  Next,
  NodeMiddleware,
  NodeRequest,
  NodeResponse,
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
} from '../engine/internal.ts';
export type { McpAuthInfo, McpOptions } from '../mcp/index.ts';
export { type GuardedListener, keycloak, type NodeKeycloak } from './keycloak.ts';
