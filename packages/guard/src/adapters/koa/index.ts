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
export { type KoaKeycloak, type KoaMiddleware, keycloak } from './keycloak.ts';
export type { KoaContext } from './refusal.ts';
