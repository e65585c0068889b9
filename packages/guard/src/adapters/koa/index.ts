export type { AcceptUpgrade, SocketIoMiddleware, SocketIoSocket, UpgradeListener } from '../engine/index.ts';
export * from '../face/index.ts';
export type { KoaContext, KoaMiddleware } from './keycloak.ts';
export { type KoaKeycloak, keycloak } from './keycloak.ts';
