export * from '../engine/index.ts';
export type {
  AcceptUpgrade,
  SocketIoMiddleware,
  SocketIoSocket,
  UpgradeListener,
} from '../engine/internal.ts';
export {
  type ExpressKeycloak,
  type ExpressMiddleware,
  type ExpressRequest,
  keycloak,
} from './keycloak.ts';
