export type {
  AcceptUpgrade,
  BackchannelLogoutOptions,
  Connection,
  KeycloakOptions,
  Next,
  NodeMiddleware,
  NodeRequest,
  NodeResponse,
  SessionSettings,
  SocketIoMiddleware,
  SocketIoSocket,
  UpgradeListener,
} from '../adapter/internal.ts';
export type { GuardOptions } from '../core/internal.ts';
export { type GuardedListener, keycloak, type NodeKeycloak } from './keycloak.ts';
