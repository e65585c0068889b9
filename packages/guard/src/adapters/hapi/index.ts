export type { AcceptUpgrade, SocketIoMiddleware, SocketIoSocket, UpgradeListener } from '../engine/index.ts';
export * from '../face/index.ts';
export { type HapiKeycloak, type HapiOptions, keycloak } from './keycloak.ts';
