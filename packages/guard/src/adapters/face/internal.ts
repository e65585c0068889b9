// What adapters with middleware are made of. It loads sessions and permissions.
export { type Calls, createCalls } from './calls.ts';
export { createEvents, type EventsOf } from './events.ts';
export { toBase, toKeycloak } from './keycloak.ts';
export { createLoginGate, type LoginLimitSettings } from './login-limits.ts';
export { type RefuseNode, refuseAtOnce, toNodeKeycloak, toSockets } from './node-keycloak.ts';
export { createPermits } from './permissions.ts';
export { createDoor, openDoor, openSessions } from './sessions.ts';
