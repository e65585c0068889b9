// For the adapters.
export { type Caller, createOutgoing, type FindRealm, type Outgoing } from './outgoing.ts';
