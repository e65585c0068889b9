export type { AcceptUpgrade, SocketIoMiddleware, SocketIoSocket, UpgradeListener } from '../engine/index.ts';
export * from '../face/index.ts';
export {
  type ExpressKeycloak,
  type ExpressMiddleware,
  type ExpressRequest,
  keycloak,
} from './keycloak.ts';
