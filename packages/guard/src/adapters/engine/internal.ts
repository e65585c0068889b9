// What every adapter is made of. Nothing here loads sessions or permissions: room `face` does.
export type { PathRequest, PushedClaims } from '../../authz/internal.ts';
export { type ConnectionGuard, type Connections, toToken } from './connections.ts';
export { createEngine, type Door, type DoorHost, type Engine, type OpenSessions } from './door.ts';
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
export * from './index.ts';
export { refuseMessage, TOO_LONG } from './message-body.ts';
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
  toCallbackGuard,
  toNodeGuard,
  toNodeRoutes,
} from './node-middleware.ts';
export { toOneRealm } from './one-realm.ts';
export {
  type AdapterOptions,
  type ClientSettings,
  type ResolvedAdapter,
  requirementsOf,
  resolveAdapterOptions,
  resolveVerifier,
  toNoticeLog,
  type VerifierSource,
} from './options.ts';
export { pathOf } from './path-of.ts';
export { type Decide, type Permits, toPermitGate } from './permit-gate.ts';
export { RESOURCE_RULES } from './protected-resource.ts';
export { type Route, type Routes, toRoutes } from './routes.ts';
export { disconnectSocket, toSocketIoMiddleware } from './socket-io.ts';
export { toUpgradeListener } from './upgrade.ts';
