// What every adapter is made of. Nothing here loads sessions or permissions: room `face` does.
export type {
  Permissions,
  PermitOptions,
  PermitRule,
  PushedClaims,
  RuleOfRequest,
} from '../../authz/internal.ts';
export { toStream } from './connection.ts';
export { type ConnectionGuard, type Connections, toToken } from './connections.ts';
export * from './documentation.ts';
export { createEngine, type Door, type DoorHost, type Engine } from './engine.ts';
export * from './fetch.ts';
export * from './index.ts';
export * from './node.ts';
export type { OpenSessions } from './open-sessions.ts';
export * from './options.ts';
export { type Decide, type Permits, toPermitGate } from './permit-gate.ts';
export { RESOURCE_RULES } from './protected-resource.ts';
export { isHtml } from './refusals.ts';
export {
  type Asking,
  type AskingOptions,
  assertRequirements,
  type RequirementsOf,
} from './requirements.ts';
export {
  answerRoute,
  isForTenants,
  pathOf,
  type Route,
  type Routes,
  toHeader,
  toRoutes,
  withTenant,
} from './routes.ts';
export type { SecurityEvents } from './security-events.ts';
export {
  canRecover,
  disconnectSocket,
  RECOVERED,
  toSocketIoMiddleware,
  toUpgradeListener,
} from './sockets.ts';
