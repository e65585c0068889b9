export * from '../engine/index.ts';
export type {
  AcceptUpgrade,
  SocketIoMiddleware,
  SocketIoSocket,
  UpgradeListener,
} from '../engine/internal.ts';
export { type HapiKeycloak, type KeycloakOptions, keycloak } from './keycloak.ts';
