export * from '../engine/index.ts';
export type {
  AcceptUpgrade,
  SocketIoMiddleware,
  SocketIoSocket,
  UpgradeListener,
} from '../engine/internal.ts';
export type { KoaContext, KoaMiddleware } from './keycloak.ts';
export { type KeycloakOptions, type KoaKeycloak, keycloak } from './keycloak.ts';
