export * from '../engine/index.ts';
export type {
  AcceptUpgrade,
  Next,
  NodeMiddleware,
  NodeRequest,
  NodeResponse,
  SocketIoMiddleware,
  SocketIoSocket,
  UpgradeListener,
} from '../engine/internal.ts';
export {
  type GuardedListener,
  type KeycloakOptions,
  keycloak,
  type NodeKeycloak,
  type PlainListener,
} from './keycloak.ts';
