// Shared between the rooms of this package, not exported from it.
export { type Call, type Carrier, carrierOf, type KeycloakRequest, kindOf } from './call.ts';
export { decide, refuse, refuseUnknown } from './decide.ts';
export { createNestLog } from './nest-log.ts';
export { createCallReader, type TokenReaders, UnknownContextError } from './to-call.ts';
