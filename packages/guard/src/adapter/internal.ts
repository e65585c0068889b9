// What every adapter is made of. Nobody but adapters gets it.
export type { Connection, Connections } from './connections.ts';
export { createDoor, type Door, type DoorHost } from './door.ts';
export { refuseMessage, TOO_LONG } from './message-body.ts';
export type { BackchannelLogoutOptions } from './message-routes.ts';
export {
  addToNodeAnswer,
  answerNode,
  type NodeRequest,
  type NodeResponse,
  nodeHost,
  originOf,
  readNodeBody,
  urlOf,
} from './node-http.ts';
export { answerRoute, type Next, type NodeMiddleware, toNodeGuard, toNodeRoutes } from './node-middleware.ts';
export type { AdapterOptions, KeycloakOptions, OnDenied } from './options.ts';
export type { ProtectedResourceOptions } from './protected-resource.ts';
export type { Route, Routes } from './routes.ts';
export type { SessionSettings } from './session-routes.ts';
export { type SocketIoMiddleware, type SocketIoSocket, toSocketIoMiddleware } from './socket-io.ts';
export { type AcceptUpgrade, toUpgradeListener, type UpgradeListener } from './upgrade.ts';
