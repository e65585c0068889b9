export type { AcceptUpgrade, SocketIoMiddleware, SocketIoSocket, UpgradeListener } from '../engine/index.ts';
export type { Next, NodeMiddleware, NodeRequest, NodeResponse } from '../engine/internal.ts';
export * from '../face/index.ts';
export { type GuardedListener, keycloak, type NodeKeycloak, type PlainListener } from './keycloak.ts';
