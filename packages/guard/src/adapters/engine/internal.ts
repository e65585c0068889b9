// The kit that adapters are made of. What is in parts/ is loaded when an application turns it on, by import() alone.
export type { PushedClaims } from '../../authz/internal.ts';
export type { Part } from '../../core/internal.ts';
export { type Adapter, createAdapter, createAdapterWithParts } from './adapter.ts';
export { answerRoute } from './answer-route.ts';
export { createCalls } from './calls.ts';
export { type ConnectionGuard, toStream, toToken } from './connection.ts';
export type { Connections } from './connections.ts';
export * from './documentation.ts';
export { createEngine, type Engine, type EngineHost } from './engine.ts';
export { createEvents } from './events.ts';
export * from './fetch.ts';
export * from './index.ts';
export { toBase, toKeycloak } from './keycloak.ts';
export * from './late.ts';
export { createLoginGuard } from './login-limits.ts';
export { type McpPart, openFetchMcp, openNodeMcp, withMetadata } from './mcp.ts';
export type { McpCaller, McpEngine } from './mcp-options.ts';
export * from './node.ts';
export { type RefuseNode, refuseAtOnce, toNodeKeycloak, toSockets } from './node-keycloak.ts';
export * from './options.ts';
export type { NodeMcp } from './parts/mcp-node.ts';
export { createPermits, type Decide, type Permits, toPermitGuard } from './permissions.ts';
export { isHtml } from './refusals.ts';
export { assertRequirements } from './requirements.ts';
export {
  LONGEST_MESSAGE,
  pathOf,
  type Route,
  type Routes,
  toHeader,
  toRoutes,
  withTenant,
} from './routes.ts';
export { type OpenSessions, openSessions, toSessionPaths } from './sessions.ts';
export {
  type AcceptUpgrade,
  canRecover,
  disconnectSocket,
  RECOVERED,
  type SocketIoMiddleware,
  type SocketIoSocket,
  toSocketIoMiddleware,
  type UpgradeListener,
} from './sockets.ts';
