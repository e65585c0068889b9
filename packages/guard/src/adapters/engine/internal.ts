// What every adapter is made of. Nothing here loads sessions or permissions: room `face` does.
export type {
  Permissions,
  PermitOptions,
  PermitRule,
  PushedClaims,
  RuleOfRequest,
} from '../../authz/internal.ts';
export { answerRoute } from './answer-route.ts';
export { toStream } from './connection.ts';
export { type ConnectionGuard, type Connections, toToken } from './connections.ts';
export * from './documentation.ts';
export { createEngine, type Door, type DoorHost, type Engine } from './door.ts';
export * from './fetch-http.ts';
export * from './fetch-routes.ts';
export type { Found, NotOptional } from './found.ts';
export * from './index.ts';
export * from './node-http.ts';
export * from './node-middleware.ts';
export type { OpenSessions } from './open-sessions.ts';
export * from './options.ts';
export { pathOf } from './path-of.ts';
export { type Decide, type Permits, toPermitGate } from './permit-gate.ts';
export { RESOURCE_RULES } from './protected-resource.ts';
export {
  type Asking,
  type AskingOptions,
  assertRequirements,
  type RequirementsOf,
} from './request-requirements.ts';
export { type Route, type Routes, toRoutes } from './routes.ts';
export type { SecurityEvents } from './security-events.ts';
export { canRecover, disconnectSocket, RECOVERED, toSocketIoMiddleware } from './socket-io.ts';
export { isForTenants, withTenant } from './tenant-path.ts';
export { toHeader } from './to-header.ts';
export { toUpgradeListener } from './upgrade.ts';
