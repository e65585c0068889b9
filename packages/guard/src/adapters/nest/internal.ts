// Shared between the rooms of this package, not exported from it.
export { lineageOf } from './access.ts';
export { type Call, type Carrier, carrierOf, type KeycloakRequest, kindOf } from './call.ts';
export { decide, refuse, refuseUnknown } from './decide.ts';
export { type Decorated, findReplaced, toMarked } from './decorated.ts';
export { createGatewayConnections, type GatewayConnections } from './gateway-connections.ts';
export { appGuardsIn, type Handler, registeredIn } from './handlers.ts';
export type { ModuleLifecycle } from './lifecycle.ts';
export { createNestLog } from './nest-log.ts';
export { endStreams, isStreaming, noteStream } from './streams.ts';
export { type CallReader, createCallReader, type TokenReaders, UnknownContextError } from './to-call.ts';
export { findOpen, findUnguarded, refuseUnguarded } from './unguarded.ts';
export { type Handshakes, hearOfHandshakes } from './ws-call.ts';
