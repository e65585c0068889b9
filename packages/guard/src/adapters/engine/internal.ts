// What every adapter is made of. Nobody but adapters gets it.
export type {
  PathEnforcerOptions,
  PathRequest,
  Permissions,
  PermitOptions,
  PermitRule,
  PushedClaims,
  RuleOfRequest,
} from '../../authz/internal.ts';
export { type Connection, type ConnectionGuard, type Connections, toToken } from './connections.ts';
export { createDoor, type Door, type DoorHost } from './door.ts';
export {
  addToFetchAnswer,
  type FetchReply,
  type FetchRequest,
  fetchHost,
  readFetchBody,
  toFetchAnswer,
  toFetchPath,
} from './fetch-http.ts';
export { answerFetchRoute, findFetchRoute } from './fetch-routes.ts';
export type { Found, NotOptional } from './found.ts';
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
  toNodePath,
  urlOf,
} from './node-http.ts';
export {
  answerRoute,
  type Next,
  type NodeMiddleware,
  pathOf,
  toNodeGuard,
  toNodeRoutes,
} from './node-middleware.ts';
export type { AdapterOptions, KeycloakOptions, OnDenied } from './options.ts';
export { type Decide, type PermissionSettings, toPermitGate } from './permits.ts';
export type { ProtectedResourceOptions } from './protected-resource.ts';
export { type Route, type Routes, toRoutes } from './routes.ts';
export { type ClientSettings, clientOf, type SessionSettings } from './session-routes.ts';
export {
  disconnectSocket,
  type SocketIoMiddleware,
  type SocketIoSocket,
  toSocketIoMiddleware,
} from './socket-io.ts';
export { type AcceptUpgrade, toUpgradeListener, type UpgradeListener } from './upgrade.ts';
