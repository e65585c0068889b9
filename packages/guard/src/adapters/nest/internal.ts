// Shared between the rooms of this package, not exported from it.
export { type Decorated, findReplaced, lineageOf, toMarked } from './access.ts';
export * from './call.ts';
export { decide, refuse, refuseUnknown } from './decide.ts';
export { createGatewayConnections, type GatewayConnections } from './gateway-connections.ts';
export { asOurs, GlobalGuards, globalGuardsOf, guardMessages } from './guards.ts';
export { appGuardsIn, endStreams, type Handler, isStreaming, registeredIn } from './handlers.ts';
export { createNestLog } from './options.ts';
export * from './to-call.ts';
export { findMarkedTypes, findOpenReferences, findUnguarded, refuseUnguarded } from './unguarded.ts';
