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
export { type GuardedListener, keycloak, type NodeKeycloak, type PlainListener } from './keycloak.ts';
