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
  RuleOfRequest,
  SessionSettings,
  SocketIoMiddleware,
  SocketIoSocket,
  UpgradeListener,
} from '../adapter/internal.ts';
export type { GuardOptions } from '../core/internal.ts';
export {
  type ExpressKeycloak,
  type ExpressMiddleware,
  type ExpressRequest,
  keycloak,
} from './keycloak.ts';
