export type { GuardOptions } from '../../core/internal.ts';
export type {
  AcceptUpgrade,
  BackchannelLogoutOptions,
  Connection,
  KeycloakOptions,
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
export {
  type ExpressKeycloak,
  type ExpressMiddleware,
  type ExpressRequest,
  keycloak,
} from './keycloak.ts';
